#include "testagent/state_machine.h"

#include <gmock/gmock.h>

#include <array>
#include <map>
#include <vector>

#include "support/result_matchers.h"

namespace cocos::testagent {
namespace {

using ::cocos::testing::FailsWith;
using ::testing::HasSubstr;

constexpr std::array kTriggers = {
    Trigger::kStart,
    Trigger::kManifestReceived,
    Trigger::kAlgorithmReceived,
    Trigger::kDataReceived,
    Trigger::kRunComplete,
    Trigger::kRunFailed,
    Trigger::kResultsConsumed,
    Trigger::kStop,
};

// How each state is reached, and what each trigger does there; all others are refused.
struct Row {
  State state;
  std::vector<Trigger> path;
  std::map<Trigger, State> next;
};

std::vector<Row> Table() {
  using enum Trigger;
  const auto manifest = State::kReceivingManifest;
  return {
      {State::kIdle, {}, {{kStart, manifest}}},
      {manifest, {kStart}, {{kManifestReceived, State::kReceivingAlgorithm}, {kStop, manifest}}},
      {State::kReceivingAlgorithm,
       {kStart, kManifestReceived},
       {{kAlgorithmReceived, State::kReceivingData},
        {kRunFailed, State::kFailed},
        {kStop, manifest}}},
      {State::kReceivingData,
       {kStart, kManifestReceived, kAlgorithmReceived},
       {{kDataReceived, State::kRunning}, {kRunFailed, State::kFailed}, {kStop, manifest}}},
      {State::kRunning,
       {kStart, kManifestReceived, kAlgorithmReceived, kDataReceived},
       {{kRunComplete, State::kConsumingResults}, {kRunFailed, State::kFailed}, {kStop, manifest}}},
      {State::kConsumingResults,
       {kStart, kManifestReceived, kAlgorithmReceived, kDataReceived, kRunComplete},
       {{kResultsConsumed, State::kComplete}, {kStop, manifest}}},
      {State::kComplete,
       {kStart, kManifestReceived, kAlgorithmReceived, kDataReceived, kRunComplete,
        kResultsConsumed},
       {{kStop, manifest}}},
      {State::kFailed,
       {kStart, kManifestReceived, kAlgorithmReceived, kDataReceived, kRunFailed},
       {{kStop, manifest}}},
  };
}

StateMachine MachineAfter(const std::vector<Trigger>& path) {
  StateMachine machine;
  machine.set_has_datasets(true);
  for (const Trigger trigger : path) EXPECT_TRUE(machine.Apply(trigger));
  return machine;
}

TEST(StateMachine, FollowsTheTableAndRefusesEverythingElse) {
  for (const Row& row : Table()) {
    for (const Trigger trigger : kTriggers) {
      SCOPED_TRACE(std::string(StateName(row.state)) + " " + std::string(TriggerName(trigger)));
      StateMachine machine = MachineAfter(row.path);
      ASSERT_EQ(machine.state(), row.state);

      const auto next = machine.Apply(trigger);

      const auto wanted = row.next.find(trigger);
      ASSERT_EQ(next.has_value(), wanted != row.next.end());
      EXPECT_EQ(machine.state(), next ? wanted->second : row.state);
    }
  }
}

TEST(StateMachine, RunsAtOnceWithoutDatasets) {
  StateMachine machine = MachineAfter({Trigger::kStart, Trigger::kManifestReceived});
  machine.set_has_datasets(false);

  EXPECT_EQ(machine.Apply(Trigger::kAlgorithmReceived).value(), State::kRunning);
}

TEST(StateMachine, NamesTriggerAndStateItRefuses) {
  StateMachine machine;

  EXPECT_THAT(machine.Apply(Trigger::kRunComplete),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("RunComplete in state Idle")));
}

TEST(EntryStatus, IsWhatServicesExpect) {
  EXPECT_EQ(EntryStatus(State::kReceivingManifest), "");
  EXPECT_EQ(EntryStatus(State::kReceivingAlgorithm), "InProgress");
  EXPECT_EQ(EntryStatus(State::kReceivingData), "InProgress");
  EXPECT_EQ(EntryStatus(State::kRunning), "Starting");
  EXPECT_EQ(EntryStatus(State::kConsumingResults), "Ready");
  EXPECT_EQ(EntryStatus(State::kComplete), "Completed");
  EXPECT_EQ(EntryStatus(State::kFailed), "Failed");
}

}  // namespace
}  // namespace cocos::testagent
