#include "collateral/clock.h"

#include <condition_variable>
#include <mutex>

namespace cocos::collateral {

crypto::TimePoint SystemClock::Now() const {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

bool SystemClock::Wait(std::chrono::milliseconds duration, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  return !stopped.wait_for(lock, stop, duration, [&stop] { return stop.stop_requested(); });
}

}  // namespace cocos::collateral
