#include "cms/messages.h"

#include <gmock/gmock.h>

#include <ctime>

namespace cocos::cms {
namespace {

TEST(Event, HasUpstreamsFieldsAndThePresentTime) {
  const std::time_t before = std::time(nullptr);

  const manager::AgentEvent event =
      Event("7", event_type::kProvision, event_status::kInProgress).agent_event();

  EXPECT_EQ(event.event_type(), "VmProvision");
  EXPECT_EQ(event.status(), "InProgress");
  EXPECT_EQ(event.computation_id(), "7");
  EXPECT_EQ(event.originator(), "manager");
  EXPECT_EQ(event.details(), "");
  EXPECT_GE(event.timestamp().seconds(), before);
}

TEST(ErrorDetails, AreJsonThatSaysWhatFailed) {
  EXPECT_EQ(
      ErrorDetails(Error(ErrorCode::kResourceExhausted, "no \"slot\"").WithReason("max-cvms")),
      R"({"code":"resource-exhausted","reason":"max-cvms","error":"no \"slot\""})");
}

TEST(ErrorDetails, LeaveOutAReasonThatIsNotKnown) {
  EXPECT_EQ(ErrorDetails(Error(ErrorCode::kInternal, "x")), R"({"code":"internal","error":"x"})");
}

TEST(RunAnswer, CarriesThePortAsText) {
  const manager::RunResponse answer = RunAnswer("7", 6100).run_res();

  EXPECT_EQ(answer.computation_id(), "7");
  EXPECT_EQ(answer.agent_port(), "6100");
}

TEST(StopAnswer, CarriesTheError) {
  EXPECT_EQ(StopAnswer("7", "").stopcomputationres().message(), "");
  EXPECT_EQ(StopAnswer("7", "why").stopcomputationres().message(), "why");
}

}  // namespace
}  // namespace cocos::cms
