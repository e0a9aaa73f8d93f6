#include "testagent/cvms_client.h"

#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/sync_stream.h>

#include <thread>
#include <utility>

#include "proto/agent.grpc.pb.h"  // for gRPC's protobuf serialization, whose header moves

namespace cocos::testagent {
namespace {

using Stream = grpc::ClientReaderWriter<cvms::ClientStreamMessage, cvms::ServerStreamMessage>;

constexpr int kKeepaliveMillis = 30'000;
constexpr int kMaxMessageBytes = 64 << 20;

// A channel of its own for each attempt, so that gRPC's own back-off does not add to ours.
std::shared_ptr<grpc::Channel> Dial(const CvmsClient::Options& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMillis);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  return grpc::CreateCustomChannel(options.url, options.credentials, arguments);
}

// What a generated stub would do. gRPC's C++ generator has no code for a service called Service.
std::unique_ptr<Stream> OpenStream(grpc::Channel& channel, grpc::ClientContext& context) {
  const grpc::internal::RpcMethod method("/cvms.Service/Process",
                                         grpc::internal::RpcMethod::BIDI_STREAMING);
  return std::unique_ptr<Stream>(
      grpc::internal::ClientReaderWriterFactory<cvms::ClientStreamMessage,
                                                cvms::ServerStreamMessage>::Create(&channel, method,
                                                                                   &context));
}

}  // namespace

CvmsClient::CvmsClient(Options options, Outbox& outbox, Handler handler, Logger& logger)
    : options_(std::move(options)),
      outbox_(outbox),
      handler_(std::move(handler)),
      logger_(logger) {}

void CvmsClient::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const grpc::Status status = RunStream(stop);
    if (stop.stop_requested()) return;
    logger_.Warn("stream to the computation service ended",
                 {{"url", options_.url}, {"error", status.error_message()}});
    WaitBeforeRetry(stop);
  }
}

grpc::Status CvmsClient::RunStream(std::stop_token stop) {
  const auto channel = Dial(options_);
  grpc::ClientContext context;
  if (!options_.cvm_id.empty()) context.AddMetadata("job-id", options_.cvm_id);
  const std::stop_callback on_stop(stop, [&context] { context.TryCancel(); });

  const auto stream = OpenStream(*channel, context);
  {
    const std::jthread writer(
        [&](std::stop_token writer_stop) { Write(writer_stop, *stream, context); });
    Read(*stream, context);
  }
  return stream->Finish();
}

void CvmsClient::Read(Stream& stream, grpc::ClientContext& context) {
  cvms::ServerStreamMessage message;
  bool first = true;
  while (stream.Read(&message)) {
    if (std::exchange(first, false)) {
      logger_.Info("connected to the computation service", {{"url", options_.url}});
    }
    if (handler_(message)) continue;
    context.TryCancel();
    return;
  }
}

void CvmsClient::Write(std::stop_token stop, Stream& stream, grpc::ClientContext& context) {
  while (auto message = outbox_.Pop(stop)) {
    if (stream.Write(*message)) continue;
    outbox_.PutBack(*std::move(message));
    context.TryCancel();  // the reader notices
    return;
  }
}

void CvmsClient::WaitBeforeRetry(std::stop_token stop) {
  std::unique_lock lock(retry_mutex_);
  retry_.wait_for(lock, stop, options_.retry_delay, [] { return false; });
}

}  // namespace cocos::testagent
