// The states of an agent and what moves it between them: a table, without side effects.
#pragma once

#include <string_view>

#include "base/result.h"

namespace cocos::testagent {

enum class State {
  kIdle,
  kReceivingManifest,
  kReceivingAlgorithm,
  kReceivingData,
  kRunning,
  kConsumingResults,
  kComplete,
  kFailed,
};

enum class Trigger {
  kStart,
  kManifestReceived,
  kAlgorithmReceived,
  kDataReceived,
  kRunComplete,
  kRunFailed,
  kResultsConsumed,
  kStop,  // ends whatever there is and waits for the next manifest
};

// The name on the wire: "ReceivingManifest".
std::string_view StateName(State state);
// For messages: "AlgorithmReceived".
std::string_view TriggerName(Trigger trigger);

// The status of the event that announces a state: "InProgress", "Ready", "Completed", "Failed",
// "Starting". Empty for states that are entered silently.
std::string_view EntryStatus(State state);

// Not thread-safe.
class StateMachine {
 public:
  State state() const { return state_; }
  // Whether the manifest names datasets: decides what follows the algorithm.
  void set_has_datasets(bool has_datasets) { has_datasets_ = has_datasets; }

  // Moves on and returns the new state. Errors: kFailedPrecondition naming trigger and state, which
  // then stays.
  Result<State> Apply(Trigger trigger);

 private:
  State state_ = State::kIdle;
  bool has_datasets_ = false;
};

}  // namespace cocos::testagent
