#include "daemon/shutdown_limit.h"

#include <pthread.h>
#include <unistd.h>

namespace cocos::daemon {

ShutdownLimit::ShutdownLimit(std::chrono::seconds limit, Logger& logger)
    : limit_(limit), logger_(logger), thread_([this](const std::stop_token& stop) { Wait(stop); }) {
  ::pthread_setname_np(thread_.native_handle(), "shutdown-limit");
}

void ShutdownLimit::Wait(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  // Only the stop of the thread, which its destruction requests, ends this early.
  if (stopped_.wait_for(lock, stop, limit_, [&stop] { return stop.stop_requested(); })) return;
  if (stop.stop_requested()) return;
  logger_.Error("Shutting down takes too long, ending at once; the next start cleans up");
  ::_exit(1);
}

}  // namespace cocos::daemon
