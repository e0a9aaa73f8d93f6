#include "cvm/event_queue.h"

#include <iterator>
#include <utility>

namespace cocos::cvm {
namespace {

constexpr std::size_t kMaxEvents = 65536;

}  // namespace

void EventQueue::Post(DomainEvent event) {
  {
    const std::lock_guard lock(mutex_);
    // The loss of the connection is never dropped: nothing else would tell of it.
    if (events_.size() >= kMaxEvents && event.kind != DomainEvent::Kind::kConnectionLost) {
      overflowed_ = true;
    } else {
      events_.push_back(std::move(event));
    }
  }
  ready_.notify_one();
}

void EventQueue::Wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  ready_.notify_one();
}

void EventQueue::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  ready_.notify_one();
}

bool EventQueue::Idle() const {
  const std::lock_guard lock(mutex_);
  return waiting_ && events_.empty();
}

EventQueue::Batch EventQueue::Wait(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  waiting_ = true;
  ready_.wait_until(lock, deadline,
                    [this] { return stopped_ || woken_ || overflowed_ || !events_.empty(); });
  Batch batch{.overflowed = std::exchange(overflowed_, false), .stopped = stopped_};
  woken_ = false;
  waiting_ = false;
  batch.events.assign(std::make_move_iterator(events_.begin()),
                      std::make_move_iterator(events_.end()));
  events_.clear();
  return batch;
}

}  // namespace cocos::cvm
