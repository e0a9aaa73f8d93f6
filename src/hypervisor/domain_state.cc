#include "hypervisor/domain_state.h"

#include <libvirt/libvirt.h>

namespace cocos::hypervisor {
namespace {

using cvm::DomainEvent;
using cvm::DomainState;
using cvm::StopReason;

// libvirt reports a QEMU that was killed as CRASHED here, although the event before said FAILED; so
// this reason covers a guest panic and a dead process alike.
StopReason ShutOffReason(int reason) {
  switch (reason) {
    case VIR_DOMAIN_SHUTOFF_SHUTDOWN:
      return StopReason::kGuestShutdown;
    case VIR_DOMAIN_SHUTOFF_DESTROYED:
      return StopReason::kDestroyed;
    case VIR_DOMAIN_SHUTOFF_CRASHED:
      return StopReason::kCrashed;
    case VIR_DOMAIN_SHUTOFF_FAILED:
    case VIR_DOMAIN_SHUTOFF_DAEMON:
      return StopReason::kFailed;
    default:
      return StopReason::kUnknown;
  }
}

DomainEvent Stopped(StopReason reason, const char* detail) {
  return {.kind = DomainEvent::Kind::kStopped,
          .id = {},
          .stop_reason = reason,
          .detail = detail,
          .received = {}};
}

DomainEvent Plain(DomainEvent::Kind kind, const char* detail) {
  return {.kind = kind, .id = {}, .stop_reason = {}, .detail = detail, .received = {}};
}

DomainEvent ToStopped(int detail) {
  switch (detail) {
    case VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN:
      return Stopped(StopReason::kGuestShutdown, "shutdown");
    case VIR_DOMAIN_EVENT_STOPPED_DESTROYED:
      return Stopped(StopReason::kDestroyed, "destroyed");
    case VIR_DOMAIN_EVENT_STOPPED_CRASHED:
      return Stopped(StopReason::kCrashed, "crashed");
    case VIR_DOMAIN_EVENT_STOPPED_FAILED:
      return Stopped(StopReason::kFailed, "failed");
    case VIR_DOMAIN_EVENT_STOPPED_MIGRATED:
      return Stopped(StopReason::kUnknown, "migrated");
    case VIR_DOMAIN_EVENT_STOPPED_SAVED:
      return Stopped(StopReason::kUnknown, "saved");
    default:
      return Stopped(StopReason::kUnknown, "");
  }
}

const char* StartedDetail(int detail) {
  switch (detail) {
    case VIR_DOMAIN_EVENT_STARTED_BOOTED:
      return "booted";
    case VIR_DOMAIN_EVENT_STARTED_MIGRATED:
      return "migrated";
    case VIR_DOMAIN_EVENT_STARTED_RESTORED:
      return "restored";
    default:
      return "";
  }
}

}  // namespace

DomainState ToDomainState(int state, int reason) {
  switch (state) {
    case VIR_DOMAIN_SHUTOFF: {
      const bool failed = reason == VIR_DOMAIN_SHUTOFF_CRASHED ||
                          reason == VIR_DOMAIN_SHUTOFF_FAILED ||
                          reason == VIR_DOMAIN_SHUTOFF_DAEMON;
      return failed ? DomainState::kCrashed : DomainState::kShutOff;
    }
    case VIR_DOMAIN_CRASHED:
      return DomainState::kCrashed;
    default:
      return DomainState::kRunning;
  }
}

StopReason ToStopReason(int state, int reason) {
  if (state == VIR_DOMAIN_SHUTOFF) return ShutOffReason(reason);
  return state == VIR_DOMAIN_CRASHED ? StopReason::kCrashed : StopReason::kUnknown;
}

// SHUTDOWN is not passed on: it comes before some stops and not before others. DEFINED, SUSPENDED
// and RESUMED change nothing for a CVM.
std::optional<DomainEvent> ToDomainEvent(int event, int detail) {
  switch (event) {
    case VIR_DOMAIN_EVENT_STARTED:
      return Plain(DomainEvent::Kind::kStarted, StartedDetail(detail));
    case VIR_DOMAIN_EVENT_STOPPED:
      return ToStopped(detail);
    case VIR_DOMAIN_EVENT_UNDEFINED:
      return Plain(DomainEvent::Kind::kUndefined, "");
    case VIR_DOMAIN_EVENT_CRASHED:
      return Plain(DomainEvent::Kind::kPanicked, "guest panic");
    default:
      return std::nullopt;
  }
}

std::string_view WatchdogActionName(int action) {
  switch (action) {
    case VIR_DOMAIN_EVENT_WATCHDOG_NONE:
      return "none";
    case VIR_DOMAIN_EVENT_WATCHDOG_PAUSE:
      return "pause";
    case VIR_DOMAIN_EVENT_WATCHDOG_RESET:
      return "reset";
    case VIR_DOMAIN_EVENT_WATCHDOG_POWEROFF:
      return "poweroff";
    case VIR_DOMAIN_EVENT_WATCHDOG_SHUTDOWN:
      return "shutdown";
    case VIR_DOMAIN_EVENT_WATCHDOG_DEBUG:
      return "debug";
    case VIR_DOMAIN_EVENT_WATCHDOG_INJECTNMI:
      return "inject-nmi";
    default:
      return "unknown";
  }
}

}  // namespace cocos::hypervisor
