// A reporter that keeps what it is told and lets a test wait for it.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "testagent/reporter.h"

namespace cocos::testagent {

class RecordingReporter final : public Reporter {
 public:
  void Event(const std::string&, std::string_view type, std::string_view status) override {
    Add(events_, std::string(type) + "/" + std::string(status));
  }
  void Log(const std::string&, LogLevel, std::string_view text) override {
    Add(logs_, std::string(text));
  }

  // False when the event does not come within a time that is generous for any machine.
  bool WaitForEvent(const std::string& event) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30),
                             [&] { return std::ranges::find(events_, event) != events_.end(); });
  }
  std::vector<std::string> events() const {
    std::lock_guard lock(mutex_);
    return events_;
  }
  std::string logs() const {
    std::lock_guard lock(mutex_);
    std::string all;
    for (const auto& log : logs_) all += log;
    return all;
  }

 private:
  void Add(std::vector<std::string>& list, std::string text) {
    std::lock_guard lock(mutex_);
    list.push_back(std::move(text));
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> events_;
  std::vector<std::string> logs_;
};

}  // namespace cocos::testagent
