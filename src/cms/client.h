// Keeps a connection to the Computation Management Service for as long as the manager runs.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "base/logger.h"
#include "cms/backoff.h"
#include "cms/outbox.h"
#include "cms/stream.h"

namespace cocos::cms {

// Reconnects for ever. One thread reads and reconnects, another writes what the outbox holds.
class Client {
 public:
  struct Options {
    Endpoint endpoint;
    Backoff::Options backoff;
    // To a server that takes keepalive pings for an attack: Go's default is one in five minutes.
    std::chrono::milliseconds patient_keepalive_interval{330'000};
  };
  struct Handler {
    std::function<void()> on_connected;
    // False ends the connection; the next one follows.
    Stream::OnMessage on_message;
  };
  struct Status {
    bool connected = false;
    std::uint64_t connections = 0;                // so far
    std::chrono::system_clock::time_point since;  // of the present one
    std::string last_error;  // why the last one ended or did not come about; stays
  };

  // The references must outlive the client. Handlers are called on its thread.
  Client(Options options, Outbox& outbox, Handler handler, Logger& logger);
  // Ends the connection; what the outbox holds stays there.
  ~Client();

  void Start();
  Status status() const;

 private:
  void Run(const std::stop_token& stop);
  // How the connection ended and how long it stood.
  StreamEnd Connect(const std::stop_token& stop, Backoff::Duration& connected);
  void Report(const StreamEnd& end, Backoff::Duration wait);
  void NoteConnected();
  void NoteDisconnected(const std::string& error);
  void Wait(const std::stop_token& stop, Backoff::Duration duration);

  Options options_;
  Outbox& outbox_;
  const Handler handler_;
  Logger& logger_;
  Backoff backoff_;
  std::string reported_;  // the error that the log has already
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  Status status_;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace cocos::cms
