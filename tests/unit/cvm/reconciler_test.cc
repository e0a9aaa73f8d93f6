#include "cvm/reconciler.h"

#include <gtest/gtest.h>

namespace cocos::cvm {
namespace {

using domain::Phase;

domain::CvmMetadata Ours(Phase phase) { return {.instance_id = "us", .phase = phase}; }

Verdict JudgeOurs(Phase phase, DomainState state, std::optional<Operation> operation = {}) {
  return Judge(Ours(phase), "us", state, operation);
}

TEST(Judge, IgnoresDomainsOfAnotherInstanceWhateverTheyDo) {
  for (const Phase phase : {Phase::kCreating, Phase::kRunning, Phase::kRemoving}) {
    EXPECT_EQ(Judge(Ours(phase), "others", DomainState::kRunning, {}), Verdict::kIgnore);
    EXPECT_EQ(Judge(Ours(phase), "others", DomainState::kCrashed, {}), Verdict::kIgnore);
  }
}

TEST(Judge, LeavesCvmsThatAThreadWorksOnToIt) {
  for (const Operation operation : {Operation::kCreate, Operation::kRemove, Operation::kClean}) {
    EXPECT_EQ(JudgeOurs(Phase::kCreating, DomainState::kShutOff, operation), Verdict::kIgnore);
    EXPECT_EQ(JudgeOurs(Phase::kRunning, DomainState::kCrashed, operation), Verdict::kIgnore);
  }
}

TEST(Judge, AdoptsARunningOneOfAnEarlierProcess) {
  EXPECT_EQ(JudgeOurs(Phase::kRunning, DomainState::kRunning), Verdict::kAdopt);
}

TEST(Judge, ReportsOneThatEndedWhileNobodyWatched) {
  EXPECT_EQ(JudgeOurs(Phase::kRunning, DomainState::kCrashed), Verdict::kEnded);
  EXPECT_EQ(JudgeOurs(Phase::kRunning, DomainState::kShutOff), Verdict::kEnded);
}

TEST(Judge, UndoesACreationThatNobodyGotAnAnswerTo) {
  EXPECT_EQ(JudgeOurs(Phase::kCreating, DomainState::kShutOff), Verdict::kUndo);
  EXPECT_EQ(JudgeOurs(Phase::kCreating, DomainState::kRunning), Verdict::kUndo);
}

TEST(Judge, FinishesARemoval) {
  EXPECT_EQ(JudgeOurs(Phase::kRemoving, DomainState::kRunning), Verdict::kFinishRemoval);
  EXPECT_EQ(JudgeOurs(Phase::kRemoving, DomainState::kShutOff), Verdict::kFinishRemoval);
}

TEST(Judge, ComparesAKnownOneByItsStateAlone) {
  EXPECT_EQ(JudgeOurs(Phase::kRunning, DomainState::kRunning, Operation::kNone),
            Verdict::kStillRuns);
  EXPECT_EQ(JudgeOurs(Phase::kRunning, DomainState::kCrashed, Operation::kNone), Verdict::kEnded);
}

}  // namespace
}  // namespace cocos::cvm
