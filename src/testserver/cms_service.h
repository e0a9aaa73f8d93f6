// manager.ManagerService/Process as a Computation Management Service offers it to managers.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "proto/manager.grpc.pb.h"
#include "testserver/json_lines.h"

namespace cocos::testserver {

// How run requests are cut: v0.3.1 knows chunks without id and end mark.
enum class CmsEra { kV031, kV040 };

// Serves any number of managers. What they send becomes lines, whose kinds begin with "manager_".
// Thread-safe; must outlive the server it is registered with.
class CmsService final : public manager::ManagerService::Service {
 public:
  // `run` is the computation that the commands below speak of; with `run_at_once` each new stream
  // gets it without a command. `lines` is borrowed.
  CmsService(manager::ComputationRunReq run, CmsEra era, bool run_at_once, JsonLines& lines);

  grpc::Status Process(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<manager::ServerStreamMessage,
                                                manager::ClientStreamMessage>* stream) override;

  // Does on all streams what the words after "cms" say and returns how many there are:
  //   run [ID]        the computation, under this id
  //   stop [ID], policy [ID], info
  //   terminate       asks managers to end the stream
  //   drop            ends the streams without a word
  //   garbage         a run request that does not parse
  //   stall SECONDS   reads nothing for so long; what it writes goes out
  //   endless COUNT   as many chunks of 1 MiB of a request that never ends
  //   flood COUNT     asks as often for the host's information
  // Errors: kInvalidArgument for anything else.
  Result<std::size_t> Command(const std::string& words);

 private:
  using Clock = std::chrono::steady_clock;
  struct Session {
    grpc::ServerContext* context;
    grpc::ServerReaderWriter<manager::ServerStreamMessage, manager::ClientStreamMessage>* stream;
    bool operator<(const Session& other) const { return stream < other.stream; }
  };

  std::size_t Broadcast(const std::vector<manager::ServerStreamMessage>& messages);
  std::vector<manager::ServerStreamMessage> RunMessages(const std::string& id) const;
  std::size_t Drop();
  std::size_t Stall(std::chrono::seconds duration);
  bool WaitWhileStalled(const grpc::ServerContext& context) const;

  const manager::ComputationRunReq run_;
  const CmsEra era_;
  const bool run_at_once_;
  JsonLines& lines_;
  std::mutex mutex_;  // also makes writers of one stream take turns
  std::set<Session> sessions_;
  std::atomic<Clock::rep> stalled_until_ = 0;  // Clock, since its epoch
};

}  // namespace cocos::testserver
