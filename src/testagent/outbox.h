// Messages on their way to the computation service.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>

#include "proto/cvms.pb.h"

namespace cocos::testagent {

// A bounded queue that outlives connections. Thread-safe.
class Outbox {
 public:
  static constexpr std::size_t kDefaultCapacity = 1000;
  explicit Outbox(std::size_t capacity = kDefaultCapacity) : capacity_(capacity) {}

  // When the queue is full, the oldest log goes; without a log in it, the oldest message.
  void Push(cvms::ClientStreamMessage message);
  // Waits for a message; nothing when a stop is requested.
  std::optional<cvms::ClientStreamMessage> Pop(std::stop_token stop);
  // Returns a message that could not be sent to the head of the queue.
  void PutBack(cvms::ClientStreamMessage message);

 private:
  void MakeRoom();

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<cvms::ClientStreamMessage> messages_;
};

}  // namespace cocos::testagent
