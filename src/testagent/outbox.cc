#include "testagent/outbox.h"

#include <algorithm>
#include <utility>

namespace cocos::testagent {

void Outbox::Push(cvms::ClientStreamMessage message) {
  {
    std::lock_guard lock(mutex_);
    MakeRoom();
    messages_.push_back(std::move(message));
  }
  changed_.notify_one();
}

std::optional<cvms::ClientStreamMessage> Outbox::Pop(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [this] { return !messages_.empty(); })) return std::nullopt;
  if (stop.stop_requested()) return std::nullopt;
  cvms::ClientStreamMessage message = std::move(messages_.front());
  messages_.pop_front();
  return message;
}

void Outbox::PutBack(cvms::ClientStreamMessage message) {
  {
    std::lock_guard lock(mutex_);
    messages_.push_front(std::move(message));
  }
  changed_.notify_one();
}

void Outbox::MakeRoom() {
  if (messages_.size() < capacity_) return;
  const auto log = std::ranges::find_if(
      messages_, [](const cvms::ClientStreamMessage& message) { return message.has_agent_log(); });
  messages_.erase(log == messages_.end() ? messages_.begin() : log);
}

}  // namespace cocos::testagent
