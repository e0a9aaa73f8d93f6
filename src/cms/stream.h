// One connection to the service: manager.ManagerService/Process, of which the manager is the
// client.
#pragma once

#include <grpcpp/channel.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "cms/outbox.h"
#include "proto/manager.grpc.pb.h"

namespace cocos::cms {

// The service and how it is trusted. TLS is on when a CA or a certificate is given; values are
// paths or PEM texts, read anew for each connection, so that a rotated certificate is used from the
// next one on.
struct Endpoint {
  std::string address;      // host:port; the host is what the service's certificate must name
  std::string client_cert;  // with client_key: shown to the service
  std::string client_key;
  std::string server_ca;  // empty with a client certificate: the system's
  std::size_t max_message_bytes = std::size_t{64} << 20;
  std::chrono::milliseconds connect_timeout{10'000};
  // A peer that answers neither data nor a ping for both together is given up.
  std::chrono::milliseconds keepalive_interval{20'000};
  std::chrono::milliseconds keepalive_timeout{8'000};
};

// Errors name the variable (MANAGER_GRPC_...): those of crypto::LoadPem, and kMalformed or
// kUntrusted for certificates that cannot be used.
Result<std::shared_ptr<grpc::Channel>> Dial(const Endpoint& endpoint);

// Why a stream ended, in words for an operator.
struct StreamEnd {
  Error error;                    // kUnavailable where trying again may help by itself
  bool pinged_too_often = false;  // the service takes our keepalive for an attack
};

class Stream {
 public:
  // Called on the thread of Run. False ends the stream.
  using OnMessage = std::function<bool(const manager::ServerStreamMessage&)>;

  Stream(std::shared_ptr<grpc::Channel> channel, Outbox& outbox)
      : channel_(std::move(channel)), outbox_(outbox) {}

  // Serves until the stream ends. `on_connected` is called once, on one of two threads, when the
  // server has taken the call; nothing is sent before.
  StreamEnd Run(const std::stop_token& stop, const std::function<void()>& on_connected,
                const OnMessage& on_message);

 private:
  using ReaderWriter =
      grpc::ClientReaderWriter<manager::ClientStreamMessage, manager::ServerStreamMessage>;

  bool WaitUntilConnected(const std::stop_token& stop);
  void Write(const std::stop_token& stop, ReaderWriter& stream, grpc::ClientContext& context);

  const std::shared_ptr<grpc::Channel> channel_;
  Outbox& outbox_;
};

}  // namespace cocos::cms
