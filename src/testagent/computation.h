// One computation at a time: manifest in, algorithm and data in, result out.
#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "proto/cvms.pb.h"
#include "testagent/reporter.h"
#include "testagent/state_machine.h"
#include "testagent/user_signature.h"
#include "testagent/work_dir.h"

namespace cocos::testagent {

struct AlgorithmUpload {
  std::string content;
  std::string type;            // empty: the manifest's, else "bin"
  std::string python_runtime;  // empty: python3
  std::vector<std::string> arguments;
};

// Announces every state by an event. Thread-safe, except that Begin and Stop have one caller.
class Computation {
 public:
  // `reporter` is borrowed. `work_root` is an existing directory.
  Computation(Reporter& reporter, std::string work_root);
  // Ends a running algorithm.
  ~Computation();

  State state() const;

  // Takes a manifest that CheckManifest accepts and waits for the algorithm.
  // Errors: kFailedPrecondition in any state but ReceivingManifest, and those of WorkDir::Prepare.
  Result<void> Begin(cvms::ComputationRunReq manifest);

  // The caller has the given role (one of the names in user_signature.h) in this computation.
  // Errors: kUntrusted. To be asked before anything of the caller's is read.
  Result<void> Authorize(std::string_view role, const Credentials& credentials) const;

  // Errors: kUntrusted, kFailedPrecondition (not in this state), kInvalidArgument (digest or file
  // name that is not in the manifest, unknown algorithm type), and those of writing files.
  Result<void> ReceiveAlgorithm(const Credentials& credentials, const AlgorithmUpload& upload);
  Result<void> ReceiveDataset(const Credentials& credentials, const std::string& name,
                              const std::string& content);

  // The result as a zip archive; once each consumer of the manifest has taken it, the computation
  // is complete. Errors: kUntrusted, kFailedPrecondition (not ready, failed, all taken).
  Result<std::string> TakeResult(const Credentials& credentials);

  // Ends the computation wherever it is and waits for the next manifest. Errors: kNotFound when the
  // id is not that of the computation, those of clearing the work directory.
  Result<void> Stop(const std::string& computation_id);

 private:
  std::vector<std::string> KeysOf(std::string_view role) const;
  Result<void> RequireState(State wanted) const;
  Result<void> Move(Trigger trigger);
  Result<int> MatchDataset(const Credentials& credentials, const std::string& name,
                           const std::string& content) const;
  void StartRun();
  void Run(std::stop_token stop, const std::vector<std::string>& command);
  Result<std::string> Execute(std::stop_token stop, const std::vector<std::string>& command) const;
  void Settle(Result<std::string> outcome);
  void Event(std::string_view type, std::string_view status) const;

  Reporter& reporter_;
  const WorkDir dir_;
  mutable std::mutex mutex_;
  StateMachine machine_;
  cvms::ComputationRunReq manifest_;
  std::vector<std::string> command_;
  std::vector<bool> dataset_received_;  // by position in the manifest
  std::vector<bool> result_taken_;      // by position of the consumer in the manifest
  Result<std::string> result_;
  std::jthread runner_;
};

}  // namespace cocos::testagent
