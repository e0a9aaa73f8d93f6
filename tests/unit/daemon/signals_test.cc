#include "daemon/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace cocos::daemon {
namespace {

// Signals are the whole process's: each case has one of its own.
class Signals : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(Signals, EndTheWaitWithTheirNumber) {
  EXPECT_EXIT(
      {
        BlockEndingSignals();
        ::kill(::getpid(), SIGTERM);
        std::exit(WaitForEndingSignal() == SIGTERM ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(Signals, OfAnOperatorEndTheProcessAtOnceTheSecondTime) {
  EXPECT_EXIT(
      {
        BlockEndingSignals();
        ::kill(::getpid(), SIGTERM);
        WaitForEndingSignal();
        ::kill(::getpid(), SIGTERM);
        std::exit(1);
      },
      ::testing::KilledBySignal(SIGTERM), "");
}

TEST_F(Signals, AreNotNeededWhenTheEndWasAskedFor) {
  EXPECT_EXIT(
      {
        BlockEndingSignals();
        AskToEnd();
        WaitForEndingSignal();
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(Signals, AskingAgainDoesNotDisturbAShutdown) {
  EXPECT_EXIT(
      {
        BlockEndingSignals();
        AskToEnd();
        AskToEnd();
        WaitForEndingSignal();
        AskToEnd();
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace cocos::daemon
