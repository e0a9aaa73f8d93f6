#include "testagent/state_machine.h"

#include <array>
#include <optional>

namespace cocos::testagent {
namespace {

struct Transition {
  State from;
  Trigger trigger;
  State to;
};

constexpr std::array kTransitions = {
    Transition{State::kIdle, Trigger::kStart, State::kReceivingManifest},
    Transition{State::kReceivingManifest, Trigger::kManifestReceived, State::kReceivingAlgorithm},
    Transition{State::kReceivingAlgorithm, Trigger::kAlgorithmReceived, State::kReceivingData},
    Transition{State::kReceivingAlgorithm, Trigger::kRunFailed, State::kFailed},
    Transition{State::kReceivingData, Trigger::kDataReceived, State::kRunning},
    Transition{State::kReceivingData, Trigger::kRunFailed, State::kFailed},
    Transition{State::kRunning, Trigger::kRunComplete, State::kConsumingResults},
    Transition{State::kRunning, Trigger::kRunFailed, State::kFailed},
    Transition{State::kConsumingResults, Trigger::kResultsConsumed, State::kComplete},
};

std::optional<State> Next(State state, Trigger trigger) {
  for (const Transition& transition : kTransitions) {
    if (transition.from == state && transition.trigger == trigger) return transition.to;
  }
  if (trigger == Trigger::kStop && state != State::kIdle) return State::kReceivingManifest;
  return std::nullopt;
}

}  // namespace

std::string_view StateName(State state) {
  switch (state) {
    case State::kIdle:
      return "Idle";
    case State::kReceivingManifest:
      return "ReceivingManifest";
    case State::kReceivingAlgorithm:
      return "ReceivingAlgorithm";
    case State::kReceivingData:
      return "ReceivingData";
    case State::kRunning:
      return "Running";
    case State::kConsumingResults:
      return "ConsumingResults";
    case State::kComplete:
      return "Complete";
    case State::kFailed:
      return "Failed";
  }
  return "";
}

std::string_view TriggerName(Trigger trigger) {
  switch (trigger) {
    case Trigger::kStart:
      return "Start";
    case Trigger::kManifestReceived:
      return "ManifestReceived";
    case Trigger::kAlgorithmReceived:
      return "AlgorithmReceived";
    case Trigger::kDataReceived:
      return "DataReceived";
    case Trigger::kRunComplete:
      return "RunComplete";
    case Trigger::kRunFailed:
      return "RunFailed";
    case Trigger::kResultsConsumed:
      return "ResultsConsumed";
    case Trigger::kStop:
      return "Stop";
  }
  return "";
}

std::string_view EntryStatus(State state) {
  switch (state) {
    case State::kIdle:
    case State::kReceivingManifest:
      return "";
    case State::kReceivingAlgorithm:
    case State::kReceivingData:
      return "InProgress";
    case State::kRunning:
      return "Starting";
    case State::kConsumingResults:
      return "Ready";
    case State::kComplete:
      return "Completed";
    case State::kFailed:
      return "Failed";
  }
  return "";
}

Result<State> StateMachine::Apply(Trigger trigger) {
  std::optional<State> next = Next(state_, trigger);
  if (!next) {
    return Fail(ErrorCode::kFailedPrecondition, "{} in state {}", TriggerName(trigger),
                StateName(state_));
  }
  if (trigger == Trigger::kAlgorithmReceived && !has_datasets_) next = State::kRunning;
  state_ = *next;
  return state_;
}

}  // namespace cocos::testagent
