// Keeps the events it is given and lets a test wait for them.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cvm/hypervisor.h"

namespace cocos::testing {

class RecordingSink final : public cvm::DomainEventSink {
 public:
  using Kind = cvm::DomainEvent::Kind;

  void Post(cvm::DomainEvent event) override {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    arrived_.notify_all();
  }

  // The first event of this kind about this domain; no value if none comes in time.
  std::optional<cvm::DomainEvent> WaitFor(Kind kind, const std::string& id,
                                          std::chrono::seconds timeout = std::chrono::seconds(10)) {
    std::unique_lock lock(mutex_);
    std::optional<cvm::DomainEvent> found;
    arrived_.wait_for(lock, timeout, [&] {
      const auto at = std::find_if(events_.begin(), events_.end(), [&](const auto& event) {
        return event.kind == kind && event.id == id;
      });
      if (at != events_.end()) found = *at;
      return found.has_value();
    });
    return found;
  }

  // Kinds of the events about this domain so far, in order.
  std::vector<Kind> KindsOf(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    std::vector<Kind> kinds;
    for (const cvm::DomainEvent& event : events_) {
      if (event.id == id) kinds.push_back(event.kind);
    }
    return kinds;
  }

  void Clear() {
    const std::lock_guard lock(mutex_);
    events_.clear();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<cvm::DomainEvent> events_;
};

}  // namespace cocos::testing
