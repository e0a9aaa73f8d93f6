// A Computation Management Service in this process, over loopback.
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "proto/manager.grpc.pb.h"
#include "support/openssl_certificates.h"

namespace cocos::testing {

class TestService final : public manager::ManagerService::Service {
 public:
  using Stream =
      grpc::ServerReaderWriter<manager::ServerStreamMessage, manager::ClientStreamMessage>;

  struct Options {
    std::string host = "127.0.0.1";
    int port = 0;  // 0: any
    std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
    bool serves_process = true;
    std::optional<int> min_ping_interval_ms;
  };

  explicit TestService(Options options) : options_(std::move(options)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options_.host + ":" + std::to_string(options_.port),
                             options_.credentials, &port_);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                               options_.min_ping_interval_ms.value_or(10));
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~TestService() override { Stop(); }

  void Stop() {
    DropAll();
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }

  int port() const { return port_; }
  std::string address(const std::string& host = "localhost") const {
    return host + ":" + std::to_string(port_);
  }

  grpc::Status Process(grpc::ServerContext* context, Stream* stream) override {
    if (!options_.serves_process) return {grpc::StatusCode::UNIMPLEMENTED, "no such method"};
    {
      std::lock_guard lock(mutex_);
      stream_ = stream;
      context_ = context;
      ++streams_;
    }
    changed_.notify_all();
    manager::ClientStreamMessage message;
    while (stream->Read(&message)) {
      std::lock_guard lock(mutex_);
      received_.push_back(message);
      changed_.notify_all();
    }
    std::lock_guard lock(mutex_);
    stream_ = nullptr;
    context_ = nullptr;
    changed_.notify_all();
    return grpc::Status::OK;
  }

  // On the latest stream, which must be there.
  bool Send(const manager::ServerStreamMessage& message) {
    std::lock_guard lock(mutex_);
    return stream_ != nullptr && stream_->Write(message);
  }

  void DropAll() {
    std::lock_guard lock(mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }

  bool WaitForStreams(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return streams_ >= count && stream_; });
  }

  // Waits until `count` messages came in all and returns them.
  std::vector<manager::ClientStreamMessage> WaitForMessages(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return received_.size() >= count; });
    return received_;
  }

 private:
  static constexpr std::chrono::seconds kPatience{20};

  const Options options_;
  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  Stream* stream_ = nullptr;
  grpc::ServerContext* context_ = nullptr;
  int streams_ = 0;
  std::vector<manager::ClientStreamMessage> received_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace cocos::testing
