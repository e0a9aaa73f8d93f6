#include "cms/client.h"

#include <pthread.h>

#include <random>
#include <utility>

namespace cocos::cms {
namespace {

using Clock = std::chrono::steady_clock;

Backoff::Random SystemRandom() {
  return [engine = std::mt19937_64(std::random_device()())]() mutable {
    return std::uniform_real_distribution<double>()(engine);
  };
}

std::string Seconds(Backoff::Duration duration) {
  return fmt::format("{:.1f}s", static_cast<double>(duration.count()) / 1000);
}

}  // namespace

Client::Client(Options options, Outbox& outbox, Handler handler, Logger& logger)
    : options_(std::move(options)),
      outbox_(outbox),
      handler_(std::move(handler)),
      logger_(logger),
      backoff_(options_.backoff, SystemRandom()) {}

Client::~Client() = default;

void Client::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  ::pthread_setname_np(thread_.native_handle(), "cms-client");
}

Client::Status Client::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void Client::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Backoff::Duration connected{0};
    const StreamEnd end = Connect(stop, connected);
    if (stop.stop_requested()) return;
    NoteDisconnected(end.error.message());
    Backoff::Duration wait = backoff_.NextWait(connected);
    if (end.pinged_too_often) {
      options_.endpoint.keepalive_interval = options_.patient_keepalive_interval;
    }
    // Nothing that a server lacks comes back within seconds.
    if (end.error.code() == ErrorCode::kFailedPrecondition) wait = options_.backoff.cap;
    Report(end, wait);
    Wait(stop, wait);
  }
}

StreamEnd Client::Connect(const std::stop_token& stop, Backoff::Duration& connected) {
  auto channel = Dial(options_.endpoint);
  if (!channel) return {std::move(channel).error()};
  std::optional<Clock::time_point> since;
  const auto on_connected = [this, &since] {
    since = Clock::now();
    reported_.clear();
    NoteConnected();
    logger_.Info("Connected to the Computation Management Service",
                 {{"address", options_.endpoint.address}});
    handler_.on_connected();
  };
  Stream stream(*std::move(channel), outbox_);
  StreamEnd end = stream.Run(stop, on_connected, handler_.on_message);
  if (since) connected = std::chrono::duration_cast<Backoff::Duration>(Clock::now() - *since);
  return end;
}

// A service that is away for a night is one line in the log, not a thousand.
void Client::Report(const StreamEnd& end, Backoff::Duration wait) {
  const bool told = std::exchange(reported_, end.error.message()) == end.error.message();
  const std::string next = Seconds(wait);
  if (told) {
    logger_.Debug("No connection to the Computation Management Service",
                  {{"error", end.error.message()}, {"next_attempt_in", next}});
    return;
  }
  logger_.Warn("No connection to the Computation Management Service; it is tried again and again",
               {{"address", options_.endpoint.address},
                {"error", end.error.message()},
                {"next_attempt_in", next}});
  if (end.pinged_too_often) {
    logger_.Warn(
        "The service forbids frequent keepalive pings; a dead connection will be noticed "
        "later than within 30 s");
  }
}

void Client::NoteConnected() {
  std::lock_guard lock(mutex_);
  status_.connected = true;
  status_.since = std::chrono::system_clock::now();
  ++status_.connections;
}

void Client::NoteDisconnected(const std::string& error) {
  std::lock_guard lock(mutex_);
  status_.connected = false;
  status_.last_error = error;
}

void Client::Wait(const std::stop_token& stop, Backoff::Duration duration) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, duration, [] { return false; });
}

}  // namespace cocos::cms
