#include "hypervisor/domain_state.h"

#include <gtest/gtest.h>
#include <libvirt/libvirt.h>

namespace cocos::hypervisor {
namespace {

using cvm::DomainState;
using cvm::StopReason;
using Kind = cvm::DomainEvent::Kind;

TEST(DomainStateTest, CallsEverythingWithAProcessRunning) {
  for (const int state : {VIR_DOMAIN_RUNNING, VIR_DOMAIN_BLOCKED, VIR_DOMAIN_PAUSED,
                          VIR_DOMAIN_SHUTDOWN, VIR_DOMAIN_PMSUSPENDED}) {
    EXPECT_EQ(ToDomainState(state, 1), DomainState::kRunning) << state;
    EXPECT_EQ(ToStopReason(state, 1), StopReason::kUnknown) << state;
  }
}

TEST(DomainStateTest, TellsACrashFromARegularEnd) {
  EXPECT_EQ(ToDomainState(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_UNKNOWN), DomainState::kShutOff);
  EXPECT_EQ(ToDomainState(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN), DomainState::kShutOff);
  EXPECT_EQ(ToDomainState(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DESTROYED), DomainState::kShutOff);
  EXPECT_EQ(ToDomainState(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_CRASHED), DomainState::kCrashed);
  EXPECT_EQ(ToDomainState(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_FAILED), DomainState::kCrashed);
  EXPECT_EQ(ToDomainState(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DAEMON), DomainState::kCrashed);
  EXPECT_EQ(ToDomainState(VIR_DOMAIN_CRASHED, VIR_DOMAIN_CRASHED_PANICKED), DomainState::kCrashed);
}

TEST(DomainStateTest, GivesTheReasonOfAStop) {
  const auto reason = [](int detail) { return ToStopReason(VIR_DOMAIN_SHUTOFF, detail); };
  EXPECT_EQ(reason(VIR_DOMAIN_SHUTOFF_SHUTDOWN), StopReason::kGuestShutdown);
  EXPECT_EQ(reason(VIR_DOMAIN_SHUTOFF_DESTROYED), StopReason::kDestroyed);
  EXPECT_EQ(reason(VIR_DOMAIN_SHUTOFF_CRASHED), StopReason::kCrashed);
  EXPECT_EQ(reason(VIR_DOMAIN_SHUTOFF_FAILED), StopReason::kFailed);
  EXPECT_EQ(reason(VIR_DOMAIN_SHUTOFF_DAEMON), StopReason::kFailed);
  EXPECT_EQ(reason(VIR_DOMAIN_SHUTOFF_SAVED), StopReason::kUnknown);
  EXPECT_EQ(ToStopReason(VIR_DOMAIN_CRASHED, 1), StopReason::kCrashed);
}

TEST(DomainEventTest, GivesTheReasonOfAStop) {
  const auto reason = [](int detail) {
    return ToDomainEvent(VIR_DOMAIN_EVENT_STOPPED, detail)->stop_reason;
  };
  EXPECT_EQ(reason(VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN), StopReason::kGuestShutdown);
  EXPECT_EQ(reason(VIR_DOMAIN_EVENT_STOPPED_DESTROYED), StopReason::kDestroyed);
  EXPECT_EQ(reason(VIR_DOMAIN_EVENT_STOPPED_CRASHED), StopReason::kCrashed);
  EXPECT_EQ(reason(VIR_DOMAIN_EVENT_STOPPED_FAILED), StopReason::kFailed);
  EXPECT_EQ(reason(VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT), StopReason::kUnknown);
}

TEST(DomainEventTest, KnowsStartUndefineAndPanic) {
  EXPECT_EQ(ToDomainEvent(VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_BOOTED)->kind,
            Kind::kStarted);
  EXPECT_EQ(ToDomainEvent(VIR_DOMAIN_EVENT_UNDEFINED, 0)->kind, Kind::kUndefined);
  EXPECT_EQ(ToDomainEvent(VIR_DOMAIN_EVENT_CRASHED, VIR_DOMAIN_EVENT_CRASHED_PANICKED)->kind,
            Kind::kPanicked);
}

TEST(DomainEventTest, LeavesOutWhatChangesNothing) {
  for (const int event :
       {VIR_DOMAIN_EVENT_DEFINED, VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_RESUMED,
        VIR_DOMAIN_EVENT_SHUTDOWN, VIR_DOMAIN_EVENT_PMSUSPENDED}) {
    EXPECT_FALSE(ToDomainEvent(event, 0)) << event;
  }
}

TEST(WatchdogActionNameTest, NamesActionsAndSurvivesNewOnes) {
  EXPECT_EQ(WatchdogActionName(VIR_DOMAIN_EVENT_WATCHDOG_POWEROFF), "poweroff");
  EXPECT_EQ(WatchdogActionName(VIR_DOMAIN_EVENT_WATCHDOG_RESET), "reset");
  EXPECT_EQ(WatchdogActionName(99), "unknown");
}

}  // namespace
}  // namespace cocos::hypervisor
