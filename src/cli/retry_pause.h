// Pauses between attempts, longer each time.
#pragma once

#include <poll.h>

#include <algorithm>
#include <chrono>

namespace cocos::cli {

class RetryPause {
 public:
  // Doubles from a quarter of a second to a second.
  void Wait() {
    ::poll(nullptr, 0, static_cast<int>(next_.count()));
    next_ = std::min(next_ * 2, kMax);
  }
  void Reset() { next_ = kFirst; }

 private:
  static constexpr std::chrono::milliseconds kFirst{250};
  static constexpr std::chrono::milliseconds kMax{1000};
  std::chrono::milliseconds next_ = kFirst;
};

}  // namespace cocos::cli
