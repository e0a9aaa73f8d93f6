// One agent's stream on gRPC.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "base/logger.h"
#include "cvm/cvm_id.h"
#include "relay/relay.h"

namespace cocos::relay {

// Owned by gRPC until OnDone, and by the relay's use of it as an AgentStream. Messages are read as
// bytes, so that texts which are not UTF-8 can be repaired before they are parsed.
class StreamSession final : public grpc::ServerGenericBidiReactor {
 public:
  StreamSession(Relay& relay, cvm::CvmId id, bool says_log_forwarder, Logger& logger);

  void Start();

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  class Handle;

  void Send(const cvms::ServerStreamMessage& message);
  void Close();
  void HandleWire(std::string wire);

  Relay& relay_;
  const cvm::CvmId id_;
  const bool says_log_forwarder_;
  Logger& logger_;
  std::shared_ptr<Handle> handle_;
  grpc::ByteBuffer incoming_;
  std::mutex mutex_;
  bool finished_ = false;
  std::deque<grpc::ByteBuffer> outgoing_;  // the front one is being written
};

}  // namespace cocos::relay
