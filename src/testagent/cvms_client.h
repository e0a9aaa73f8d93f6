// The agent's stream to the computation service.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/logger.h"
#include "proto/cvms.pb.h"
#include "testagent/outbox.h"

namespace cocos::testagent {

// Keeps one stream open for as long as it runs: after any failure it waits and dials again.
class CvmsClient {
 public:
  struct Options {
    std::string url;     // host:port
    std::string cvm_id;  // sent as metadata `job-id`; empty: not sent
    std::shared_ptr<grpc::ChannelCredentials> credentials;
    std::chrono::milliseconds retry_delay = std::chrono::seconds(5);
  };
  // Called for each message, on the thread of Run. False asks to close the stream and dial again.
  using Handler = std::function<bool(const cvms::ServerStreamMessage&)>;

  // `outbox` and `logger` are borrowed.
  CvmsClient(Options options, Outbox& outbox, Handler handler, Logger& logger);

  // Returns when a stop is requested.
  void Run(std::stop_token stop);

 private:
  using Stream = grpc::ClientReaderWriter<cvms::ClientStreamMessage, cvms::ServerStreamMessage>;

  grpc::Status RunStream(std::stop_token stop);
  void Read(Stream& stream, grpc::ClientContext& context);
  void Write(std::stop_token stop, Stream& stream, grpc::ClientContext& context);
  void WaitBeforeRetry(std::stop_token stop);

  const Options options_;
  Outbox& outbox_;
  const Handler handler_;
  Logger& logger_;
  std::mutex retry_mutex_;
  std::condition_variable_any retry_;  // only a stop ends the wait early
};

}  // namespace cocos::testagent
