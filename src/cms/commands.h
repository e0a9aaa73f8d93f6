// What the service asks for, done one after the other or side by side as it may be.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/logger.h"
#include "base/result.h"
#include "cms/outbox.h"
#include "cms/runs.h"
#include "computation/chunk_assembler.h"
#include "proto/manager.pb.h"

namespace cocos::cms {

// Host-wide values for svmInfoReq.
struct HostInfo {
  std::string ovmf_version;
  int cpu_num = 0;
  std::string cpu_type;
  std::string kernel_cmd;
  std::string eos_version;
};

// Takes messages of the service on the thread that reads them and never makes it wait: what takes
// time is done by workers. Messages about one computation are done in the order they came.
class Commands {
 public:
  struct Options {
    HostInfo host;
    std::size_t max_request_bytes = computation::kDefaultMaxRequestBytes;
    unsigned workers = 8;
    // The service asked for the end, in its own words; called on the thread that reads, before the
    // connection is ended. Not set: nothing else happens.
    std::function<void(const std::string& message)> on_terminate;
  };
  // The attestation policy of a computation's CVM, as AttestationPolicy returns it.
  using PolicyOf = std::function<Result<std::string>(const cvm::Snapshot&)>;

  // The references must outlive this.
  Commands(Options options, Runs& runs, PolicyOf policy_of, Outbox& outbox, Logger& logger);
  // Finishes what workers have begun; what they have not begun is dropped: the service sends it
  // again to the next manager.
  ~Commands();

  // False when the service ends the connection.
  bool OnMessage(const manager::ServerStreamMessage& message);

 private:
  struct Task {
    std::string computation_id;
    std::size_t bytes = 0;
    std::function<void()> work;
  };

  void OnChunk(const manager::RunReqChunks& chunk);
  void OnRunBytes(const std::string& bytes);
  void Post(std::string computation_id, std::size_t bytes, std::function<void()> work);
  Result<std::string> FindPolicy(const std::string& computation_id) const;
  void SendPolicy(const std::string& computation_id);
  void SendInfo(const std::string& id);
  void Work(const std::stop_token& stop);
  std::deque<Task>::iterator NextTask();

  const Options options_;
  Runs& runs_;
  const PolicyOf policy_of_;
  Outbox& outbox_;
  Logger& logger_;
  computation::ChunkAssembler assembler_;  // of the reading thread
  std::mutex mutex_;
  std::condition_variable_any posted_;
  std::deque<Task> tasks_;
  std::size_t task_bytes_ = 0;
  std::set<std::string> busy_;  // computations that a worker is at
  std::vector<std::jthread> workers_;
};

}  // namespace cocos::cms
