#include "cms/stream.h"

#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace cocos::cms {
namespace {

using namespace std::chrono_literals;

constexpr auto kStateStep = 100ms;  // how soon a stop is noticed while connecting
// A server that does not know the method says so at once; one that does may say nothing for hours.
constexpr auto kSettleTime = 300ms;

// True once `stop` was requested.
bool WaitFor(const std::stop_token& stop, std::chrono::milliseconds duration) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, duration, [] { return false; });
  return stop.stop_requested();
}

bool Says(const grpc::Status& status, std::string_view text) {
  return status.error_message().find(text) != std::string::npos;
}

// gRPC's texts name its own parts. What an operator has to change comes first.
Error Explain(const grpc::Status& status) {
  const std::string& text = status.error_message();
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
    return Error(ErrorCode::kFailedPrecondition,
                 fmt::format("the server does not offer manager.ManagerService/Process, is it a "
                             "Computation Management Service? ({})",
                             text));
  }
  if (Says(status, "certificate verify failed")) {
    return Error(ErrorCode::kUntrusted,
                 fmt::format("the server's certificate is not one of a CA in "
                             "MANAGER_GRPC_SERVER_CA_CERTS, or is expired ({})",
                             text));
  }
  if (Says(status, "Hostname Verification") || Says(status, "not in peer certificate")) {
    return Error(ErrorCode::kUntrusted,
                 fmt::format("the server's certificate does not carry the host name of "
                             "MANAGER_GRPC_URL ({})",
                             text));
  }
  if (status.ok()) return Error(ErrorCode::kUnavailable, "the server ended the stream");
  return Error(ErrorCode::kUnavailable, text);
}

}  // namespace

bool Stream::WaitUntilConnected(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const grpc_connectivity_state state = channel_->GetState(true);
    if (state == GRPC_CHANNEL_READY) return true;
    // The call that follows says why.
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE) return false;
    static_cast<void>(
        channel_->WaitForStateChange(state, std::chrono::system_clock::now() + kStateStep));
  }
  return false;
}

StreamEnd Stream::Run(const std::stop_token& stop, const std::function<void()>& on_connected,
                      const OnMessage& on_message) {
  const bool connected = WaitUntilConnected(stop);
  grpc::ClientContext context;
  const std::stop_callback on_stop(stop, [&context] { context.TryCancel(); });
  const auto stub = manager::ManagerService::NewStub(channel_);
  const std::unique_ptr<ReaderWriter> stream = stub->Process(&context);
  std::once_flag once;
  bool ended_here = false;
  {
    const std::jthread writer([&](const std::stop_token& writer_stop) {
      ::pthread_setname_np(::pthread_self(), "cms-writer");
      if (!connected || WaitFor(writer_stop, kSettleTime)) return;
      std::call_once(once, on_connected);
      Write(writer_stop, *stream, context);
    });
    manager::ServerStreamMessage message;
    while (!ended_here && stream->Read(&message)) {
      std::call_once(once, on_connected);
      ended_here = !on_message(message);
    }
    if (ended_here) context.TryCancel();
  }
  const grpc::Status status = stream->Finish();
  if (ended_here) return {Error(ErrorCode::kCancelled, "ended on request of the service")};
  return {Explain(status), Says(status, "too_many_pings") || Says(status, "Too many pings")};
}

void Stream::Write(const std::stop_token& stop, ReaderWriter& stream,
                   grpc::ClientContext& context) {
  while (auto message = outbox_.Pop(stop)) {
    if (stream.Write(*message)) continue;
    outbox_.PutBack(*std::move(message));
    context.TryCancel();  // the reader notices
    return;
  }
}

}  // namespace cocos::cms
