#include "cms/outbox.h"

#include <utility>

#include "cms/messages.h"

namespace cocos::cms {

void Outbox::Push(manager::ClientStreamMessage message, Weight weight, Clock::time_point now) {
  const std::size_t bytes = message.ByteSizeLong();
  {
    std::lock_guard lock(mutex_);
    DropOldLogs(now);
    if (bytes > options_.max_bytes) {  // no room even in an empty queue: nothing else goes for it
      ++(weight == Weight::kLog ? dropped_.logs : dropped_.events);
      return;
    }
    MakeRoom(bytes);
    auto& queue = weight == Weight::kLog ? logs_ : events_;
    queue.push_back({next_number_++, now, bytes, std::move(message)});
    bytes_ += bytes;
  }
  pushed_.notify_one();
}

void Outbox::MakeRoom(std::size_t bytes) {
  while (bytes_ + bytes > options_.max_bytes) {
    if (!logs_.empty()) {
      DropFront(logs_, &Dropped::logs);
    } else if (!events_.empty()) {
      DropFront(events_, &Dropped::events);
    } else {
      return;
    }
  }
}

void Outbox::DropFront(std::deque<Item>& items, std::uint64_t Dropped::*count) {
  bytes_ -= items.front().bytes;
  items.pop_front();
  ++(dropped_.*count);
}

void Outbox::DropOldLogs(Clock::time_point now) {
  while (!logs_.empty() && now - logs_.front().pushed > options_.max_log_age) {
    DropFront(logs_, &Dropped::logs);
  }
}

std::deque<Outbox::Item>* Outbox::NextQueue() {
  if (logs_.empty() && events_.empty()) return nullptr;
  if (logs_.empty()) return &events_;
  if (events_.empty()) return &logs_;
  if (bytes_ > options_.ordered_bytes) return &events_;
  return logs_.front().number < events_.front().number ? &logs_ : &events_;
}

std::optional<manager::ClientStreamMessage> Outbox::TakeNext() {
  if (put_back_) return std::exchange(put_back_, std::nullopt);
  if (dropped_ != told_) {
    const std::uint64_t logs = dropped_.logs - told_.logs;
    const std::uint64_t events = dropped_.events - told_.events;
    told_ = dropped_;
    return ManagerLog("", "WARN",
                      fmt::format("{} log messages and {} events were dropped: the service took "
                                  "them too slowly or was away",
                                  logs, events));
  }
  std::deque<Item>* const queue = NextQueue();
  if (queue == nullptr) return std::nullopt;
  manager::ClientStreamMessage message = std::move(queue->front().message);
  bytes_ -= queue->front().bytes;
  queue->pop_front();
  return message;
}

std::optional<manager::ClientStreamMessage> Outbox::Pop(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  DropOldLogs(Clock::now());
  std::optional<manager::ClientStreamMessage> message;
  pushed_.wait(lock, stop, [this, &message] { return (message = TakeNext()).has_value(); });
  // A message taken in the moment of the stop would be lost.
  if (message && stop.stop_requested()) put_back_ = std::exchange(message, std::nullopt);
  return message;
}

void Outbox::PutBack(manager::ClientStreamMessage message) {
  {
    std::lock_guard lock(mutex_);
    put_back_ = std::move(message);
  }
  pushed_.notify_one();
}

Outbox::Dropped Outbox::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

std::size_t Outbox::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace cocos::cms
