#include "testagent/computation.h"

#include <algorithm>
#include <utility>

#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "testagent/process.h"
#include "testagent/zip.h"

namespace cocos::testagent {
namespace {

bool HasDigest(const std::string& content, const std::string& digest) {
  const auto actual = crypto::Sha3_256(crypto::BytesOf(content));
  return std::ranges::equal(actual, crypto::BytesOf(digest));
}

bool Verifies(const std::string& key, std::string_view role, const Credentials& credentials) {
  return crypto::VerifyTextSignature(key, role, credentials.signature).has_value();
}

bool AllSet(const std::vector<bool>& flags) {
  return std::ranges::find(flags, false) == flags.end();
}

}  // namespace

Computation::Computation(Reporter& reporter, std::string work_root)
    : reporter_(reporter), dir_(std::move(work_root)) {
  COCOS_CHECK(machine_.Apply(Trigger::kStart).has_value());
}

Computation::~Computation() {
  runner_.request_stop();
  if (runner_.joinable()) runner_.join();
}

State Computation::state() const {
  std::lock_guard lock(mutex_);
  return machine_.state();
}

Result<void> Computation::Begin(cvms::ComputationRunReq manifest) {
  std::lock_guard lock(mutex_);
  COCOS_TRY(RequireState(State::kReceivingManifest));
  COCOS_TRY(dir_.Prepare());
  manifest_ = std::move(manifest);
  dataset_received_.assign(static_cast<std::size_t>(manifest_.datasets_size()), false);
  result_taken_.assign(static_cast<std::size_t>(manifest_.result_consumers_size()), false);
  machine_.set_has_datasets(!manifest_.datasets().empty());
  return Move(Trigger::kManifestReceived);
}

Result<void> Computation::Authorize(std::string_view role, const Credentials& credentials) const {
  if (credentials.role != role) {
    return Fail(ErrorCode::kUntrusted, "user-id \"{}\": want \"{}\" for this call",
                credentials.role, role);
  }
  std::lock_guard lock(mutex_);
  for (const std::string& key : KeysOf(role)) {
    if (Verifies(key, role, credentials)) return {};
  }
  return Fail(ErrorCode::kUntrusted, "signature is not one by a key the manifest names as {}",
              role);
}

Result<void> Computation::ReceiveAlgorithm(const Credentials& credentials,
                                           const AlgorithmUpload& upload) {
  COCOS_TRY(Authorize(kAlgorithmProviderRole, credentials));
  std::lock_guard lock(mutex_);
  COCOS_TRY(RequireState(State::kReceivingAlgorithm));
  const cvms::Algorithm& wanted = manifest_.algorithm();
  if (!HasDigest(upload.content, wanted.hash())) {
    return Fail(ErrorCode::kInvalidArgument, "algorithm: digest does not match the manifest");
  }
  COCOS_TRY(dir_.WriteAlgorithm(upload.content));
  const std::string& type = upload.type.empty() ? wanted.algo_type() : upload.type;
  std::vector<std::string> arguments = upload.arguments;
  if (arguments.empty()) arguments.assign(wanted.algo_args().begin(), wanted.algo_args().end());
  command_ = COCOS_TRY(AlgorithmCommand(dir_, type, upload.python_runtime, arguments));
  return Move(Trigger::kAlgorithmReceived);
}

Result<void> Computation::ReceiveDataset(const Credentials& credentials, const std::string& name,
                                         const std::string& content) {
  COCOS_TRY(Authorize(kDataProviderRole, credentials));
  std::lock_guard lock(mutex_);
  COCOS_TRY(RequireState(State::kReceivingData));
  const int index = COCOS_TRY(MatchDataset(credentials, name, content));
  const std::string& declared = manifest_.datasets(index).filename();
  COCOS_TRY(dir_.WriteDataset(declared.empty() ? name : declared, content));
  dataset_received_[static_cast<std::size_t>(index)] = true;
  return AllSet(dataset_received_) ? Move(Trigger::kDataReceived) : Result<void>();
}

Result<std::string> Computation::TakeResult(const Credentials& credentials) {
  COCOS_TRY(Authorize(kConsumerRole, credentials));
  std::lock_guard lock(mutex_);
  const State state = machine_.state();
  if (state == State::kComplete) {
    return Fail(ErrorCode::kFailedPrecondition, "all declared consumers have taken the result");
  }
  if (state != State::kConsumingResults && state != State::kFailed) {
    return Fail(ErrorCode::kFailedPrecondition, "the result is not ready: state {}",
                StateName(state));
  }
  for (int i = 0; i < manifest_.result_consumers_size(); ++i) {
    if (Verifies(manifest_.result_consumers(i).userkey(), kConsumerRole, credentials)) {
      result_taken_[static_cast<std::size_t>(i)] = true;
    }
  }
  if (state == State::kConsumingResults && AllSet(result_taken_)) {
    COCOS_TRY(Move(Trigger::kResultsConsumed));
  }
  return result_;
}

Result<void> Computation::Stop(const std::string& computation_id) {
  std::jthread runner;
  {
    std::lock_guard lock(mutex_);
    if (machine_.state() == State::kReceivingManifest || manifest_.id() != computation_id) {
      return Fail(ErrorCode::kNotFound, "computation \"{}\" is not here", computation_id);
    }
    runner = std::move(runner_);
  }
  runner.request_stop();
  if (runner.joinable()) runner.join();  // takes the lock at its end

  std::lock_guard lock(mutex_);
  Event("Stopped", "Stopped");
  result_ = std::string();
  COCOS_TRY(Move(Trigger::kStop));
  return dir_.Clear();
}

std::vector<std::string> Computation::KeysOf(std::string_view role) const {
  std::vector<std::string> keys;
  if (role == kAlgorithmProviderRole) {
    keys.push_back(manifest_.algorithm().userkey());
  } else if (role == kDataProviderRole) {
    for (const auto& dataset : manifest_.datasets()) keys.push_back(dataset.userkey());
  } else if (role == kConsumerRole) {
    for (const auto& consumer : manifest_.result_consumers()) keys.push_back(consumer.userkey());
  }
  return keys;
}

Result<void> Computation::RequireState(State wanted) const {
  if (machine_.state() == wanted) return {};
  return Fail(ErrorCode::kFailedPrecondition, "not expected in state {}, only in {}",
              StateName(machine_.state()), StateName(wanted));
}

// Moves on, announces the new state and does what it asks for.
Result<void> Computation::Move(Trigger trigger) {
  const State state = COCOS_TRY(machine_.Apply(trigger));
  const std::string_view status = EntryStatus(state);
  if (!status.empty()) Event(StateName(state), status);
  if (state == State::kRunning) StartRun();
  return {};
}

Result<int> Computation::MatchDataset(const Credentials& credentials, const std::string& name,
                                      const std::string& content) const {
  for (int i = 0; i < manifest_.datasets_size(); ++i) {
    const cvms::Dataset& dataset = manifest_.datasets(i);
    if (dataset_received_[static_cast<std::size_t>(i)] || !HasDigest(content, dataset.hash())) {
      continue;
    }
    if (!dataset.filename().empty() && dataset.filename() != name) {
      return Fail(ErrorCode::kInvalidArgument, "dataset \"{}\": the manifest calls it \"{}\"", name,
                  dataset.filename());
    }
    if (!Verifies(dataset.userkey(), kDataProviderRole, credentials)) {
      return Fail(ErrorCode::kUntrusted, "dataset \"{}\": provided by another user", name);
    }
    return i;
  }
  return Fail(ErrorCode::kInvalidArgument,
              "dataset \"{}\": its digest is not that of an outstanding dataset", name);
}

void Computation::StartRun() {
  runner_ = std::jthread([this, command = command_](std::stop_token stop) { Run(stop, command); });
}

void Computation::Run(std::stop_token stop, const std::vector<std::string>& command) {
  Event("Running", "InProgress");
  Result<std::string> outcome = Execute(stop, command);
  std::lock_guard lock(mutex_);
  if (!stop.stop_requested()) Settle(std::move(outcome));
}

Result<std::string> Computation::Execute(std::stop_token stop,
                                         const std::vector<std::string>& command) const {
  const std::string& id = manifest_.id();
  const ProcessOutput output = {
      .on_stdout = [&](std::string_view text) { reporter_.Log(id, LogLevel::kDebug, text); },
      .on_stderr =
          [&](std::string_view text) {
            reporter_.Log(id, LogLevel::kError, text);
            Event("AlgorithmRun", "Warning");
          },
  };
  COCOS_TRY(RunProcess(command, dir_.path(), output, stop));
  return ZipDirectory(dir_.results_path(), dir_.path() + "/results.zip");
}

void Computation::Settle(Result<std::string> outcome) {
  result_ = std::move(outcome);
  if (!result_) {
    reporter_.Log(manifest_.id(), LogLevel::kWarn,
                  "failed to run computation: " + result_.error().message());
  }
  Event("Running", result_ ? "Completed" : "Failed");
  COCOS_CHECK(Move(result_ ? Trigger::kRunComplete : Trigger::kRunFailed).has_value());
}

void Computation::Event(std::string_view type, std::string_view status) const {
  reporter_.Event(manifest_.id(), type, status);
}

}  // namespace cocos::testagent
