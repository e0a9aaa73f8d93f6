#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "base/logger.h"

namespace cocos::testagent {

class RecordingLogger final : public Logger {
 public:
  void Log(LogLevel, std::string_view message, std::initializer_list<LogAttribute>) override {
    std::lock_guard lock(mutex_);
    messages_.emplace_back(message);
    changed_.notify_all();
  }

  // False when the message does not come within a time that is generous for any machine.
  bool WaitFor(const std::string& message) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] {
      return std::ranges::find(messages_, message) != messages_.end();
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> messages_;
};

}  // namespace cocos::testagent
