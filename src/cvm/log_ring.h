// The last of what one agent logged.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cvm/cvm.h"

namespace cocos::cvm {

struct LogEntry {
  TimePoint time;     // when it came to the manager: a guest's clock says what the guest likes
  std::string level;  // as the agent calls it, "INFO"
  std::string text;   // UTF-8; may hold anything a guest can print
};

// Bounded by bytes and by entries: the oldest go first, whatever the rate. Entries are numbered
// from 0, so a reader that falls behind knows how many it missed. Appending never waits for a
// reader. Thread-safe.
class LogRing {
 public:
  struct Limits {
    std::size_t bytes = 512u << 10;  // of texts, levels and what an entry itself takes
    std::size_t entries = 4096;
    std::size_t text_bytes = 16u << 10;  // a longer text is cut, and says so
  };
  struct Batch {
    std::vector<std::shared_ptr<const LogEntry>> entries;
    std::uint64_t lost = 0;  // asked for, and not kept any more: before `entries`
    std::uint64_t next = 0;  // number to go on from
    bool closed = false;     // nothing will follow
  };

  explicit LogRing(Limits limits) : limits_(limits) {}
  LogRing() : LogRing(Limits{}) {}

  void Append(LogEntry entry);

  // At most `limit` entries from number `from` on. Waits until there is one, `timeout` passes
  // (empty batch) or the ring is closed.
  Batch Read(std::uint64_t from, std::chrono::milliseconds timeout, std::size_t limit) const;

  // Number of the next entry.
  std::uint64_t end() const;
  std::size_t bytes() const;

  // The CVM is gone: readers get what there is and are told that nothing follows.
  void Close();

 private:
  static std::size_t SizeOf(const LogEntry& entry);

  const Limits limits_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<std::shared_ptr<const LogEntry>> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t end_ = 0;
  bool closed_ = false;
};

}  // namespace cocos::cvm
