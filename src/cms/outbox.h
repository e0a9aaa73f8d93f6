// What waits to be sent to the service. Survives the loss of a connection.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>

#include "proto/manager.pb.h"

namespace cocos::cms {

// What is given up first when there is no room.
enum class Weight {
  kLog,    // a line of an agent's or a guest's output
  kEvent,  // everything a service acts on
};

// A queue in two parts, bounded by bytes. Pushing never waits: a slow service costs messages, not
// CVMs. When there is no room, the oldest logs go first, then the oldest events; the next message
// that is taken tells the service how many it did not get. Order is kept among logs and among
// events, and between them as far as nothing was put back and little waits: answers do not stand
// behind a flood of logs. Thread-safe.
class Outbox {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    std::size_t max_bytes = std::size_t{16} << 20;
    std::chrono::seconds max_log_age{600};               // older ones are dropped rather than sent
    std::size_t ordered_bytes = std::size_t{256} << 10;  // when more waits, events go first
  };
  struct Dropped {
    std::uint64_t logs = 0;
    std::uint64_t events = 0;
    friend bool operator==(const Dropped&, const Dropped&) = default;
  };

  explicit Outbox(Options options) : options_(options) {}

  void Push(manager::ClientStreamMessage message, Weight weight,
            Clock::time_point now = Clock::now());

  // The next message; waits for one. Nothing once `stop` is requested. What could not be sent is
  // given back with PutBack before the next call: it is the next one again.
  std::optional<manager::ClientStreamMessage> Pop(const std::stop_token& stop);
  void PutBack(manager::ClientStreamMessage message);

  // All that were dropped so far, also those the service was told of.
  Dropped dropped() const;
  std::size_t bytes() const;

 private:
  struct Item {
    std::uint64_t number = 0;
    Clock::time_point pushed;
    std::size_t bytes = 0;
    manager::ClientStreamMessage message;
  };

  void MakeRoom(std::size_t bytes);
  void DropFront(std::deque<Item>& items, std::uint64_t Dropped::*count);
  void DropOldLogs(Clock::time_point now);
  std::deque<Item>* NextQueue();
  std::optional<manager::ClientStreamMessage> TakeNext();

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable_any pushed_;
  std::deque<Item> logs_;
  std::deque<Item> events_;
  std::optional<manager::ClientStreamMessage> put_back_;
  std::size_t bytes_ = 0;
  std::uint64_t next_number_ = 0;
  Dropped dropped_;
  Dropped told_;
};

}  // namespace cocos::cms
