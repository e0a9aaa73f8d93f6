// An upper bound for the daemon's shutdown.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/logger.h"

namespace cocos::daemon {

// Ends the process if it still lives when the time is up. A request may be stuck in libvirt, and an
// operator must not have to wait for it: what is under way is undone or finished by the next
// manager, as after a crash. `logger` must outlive the object.
class ShutdownLimit {
 public:
  ShutdownLimit(std::chrono::seconds limit, Logger& logger);

 private:
  void Wait(const std::stop_token& stop);

  const std::chrono::seconds limit_;
  Logger& logger_;
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread thread_;
};

}  // namespace cocos::daemon
