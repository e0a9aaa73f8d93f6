// cvms.Service as a computation service offers it to agents: its one method, /cvms.Service/Process.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "proto/cvms.pb.h"
#include "testserver/json_lines.h"

namespace cocos::testserver {

class AgentSession;

// Serves any number of agents. Each new stream gets the greeting (the chunked run request) and
// stays open; what the agent sends becomes lines. Messages are taken as bytes, so that texts which
// are not UTF-8 can be repaired before they are parsed.
//
// Thread-safe. Must outlive the server it is registered with.
class CvmsService final : public grpc::CallbackGenericService {
 public:
  // Streams whose metadata `job-id` differs from `only_cvm_id` (when not empty) get no greeting.
  // `lines` is borrowed.
  CvmsService(std::vector<cvms::ServerStreamMessage> greeting, std::string only_cvm_id,
              JsonLines& lines);

  // Sends a message on every open stream and returns how many there are.
  std::size_t Broadcast(const cvms::ServerStreamMessage& message);

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  friend class AgentSession;
  void Add(AgentSession* session);
  void Remove(AgentSession* session);

  const std::vector<cvms::ServerStreamMessage> greeting_;
  const std::string only_cvm_id_;
  JsonLines& lines_;
  std::mutex mutex_;
  std::set<AgentSession*> sessions_;  // each deletes itself when its stream is done
};

}  // namespace cocos::testserver
