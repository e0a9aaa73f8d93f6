// Texts for the enumerations of the core.
#include "cvm/cvm.h"
#include "cvm/hypervisor.h"
#include "cvm/manager.h"

namespace cocos::cvm {

std::string_view StateName(State state) {
  switch (state) {
    case State::kRequested:
      return "requested";
    case State::kReserved:
      return "reserved";
    case State::kStaged:
      return "staged";
    case State::kDefined:
      return "defined";
    case State::kStarting:
      return "starting";
    case State::kRunning:
      return "running";
    case State::kStopping:
      return "stopping";
    case State::kRemoved:
      return "removed";
    case State::kFailed:
      return "failed";
    case State::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view StopReasonName(StopReason reason) {
  switch (reason) {
    case StopReason::kUnknown:
      return "stopped for an unknown reason";
    case StopReason::kGuestShutdown:
      return "the guest powered off or rebooted";
    case StopReason::kDestroyed:
      return "powered off from the host";
    case StopReason::kCrashed:
      return "the guest crashed";
    case StopReason::kFailed:
      return "the hypervisor process ended unexpectedly";
  }
  return "stopped for an unknown reason";
}

std::string_view CreateStepName(CreateStep step) {
  switch (step) {
    case CreateStep::kValidate:
      return "validate";
    case CreateStep::kReserve:
      return "reserve";
    case CreateStep::kStage:
      return "stage";
    case CreateStep::kCapture:
      return "capture";
    case CreateStep::kDefine:
      return "define";
    case CreateStep::kStart:
      return "start";
  }
  return "start";
}

}  // namespace cocos::cvm
