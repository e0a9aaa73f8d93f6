// Turns the messages of the computation service into a computation and its answers.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/logger.h"
#include "computation/chunk_assembler.h"
#include "proto/cvms.pb.h"
#include "testagent/agent_server.h"
#include "testagent/computation.h"
#include "testagent/evidence_source.h"
#include "testagent/outbox.h"
#include "testagent/reporter.h"

namespace cocos::testagent {

class Agent {
 public:
  struct Options {
    std::string listen_host;  // address of the service for users
    std::string work_root;    // existing directory the algorithm runs in
    LogLevel log_level = LogLevel::kDebug;
    EvidenceSource* evidence = nullptr;   // borrowed; none: a guest without a TEE
    std::string client_certificate_file;  // content of the file shown to the computation service
  };

  // Queues the attestation report, which services expect first; it is empty without a TEE and when
  // the platform gives none. `outbox` and `logger` are borrowed.
  Agent(Options options, Outbox& outbox, Logger& logger);

  // Handles one message; called by one thread. False asks to close the stream and connect again.
  bool OnMessage(const cvms::ServerStreamMessage& message);

  State state() const { return computation_.state(); }
  // Port of the service for users; 0 while there is none, that is before a manifest. Thread-safe.
  std::uint16_t port() const;

 private:
  std::string FirstEvidence() const;
  void OnChunk(const cvms::RunReqChunks& chunk);
  void OnRunRequest(const cvms::ComputationRunReq& request);
  Result<void> StartComputation(const cvms::ComputationRunReq& request);
  void OnStop(const std::string& computation_id);
  void SetServer(std::unique_ptr<AgentServer> server);

  const Options options_;
  Outbox& outbox_;
  Logger& logger_;
  OutboxReporter reporter_;
  computation::ChunkAssembler assembler_;
  Computation computation_;
  mutable std::mutex server_mutex_;
  std::unique_ptr<AgentServer> server_;  // borrows computation_
};

}  // namespace cocos::testagent
