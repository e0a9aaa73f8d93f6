#include "cvm/log_ring.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cocos::cvm {
namespace {

// Cuts in front of a character, never inside of it.
void Shorten(std::string& text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return;
  std::size_t kept = max_bytes;
  while (kept > 0 && (static_cast<unsigned char>(text[kept]) & 0xc0) == 0x80) --kept;
  const std::size_t cut = text.size() - kept;
  text.resize(kept);
  text += fmt::format(" [{} bytes cut]", cut);
  text.shrink_to_fit();
}

}  // namespace

std::size_t LogRing::SizeOf(const LogEntry& entry) {
  return sizeof(LogEntry) + entry.level.size() + entry.text.size();
}

void LogRing::Append(LogEntry entry) {
  Shorten(entry.text, limits_.text_bytes);
  const std::size_t size = SizeOf(entry);
  auto kept = std::make_shared<const LogEntry>(std::move(entry));
  std::vector<std::shared_ptr<const LogEntry>> dropped;  // freed after the lock is given back
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    entries_.push_back(std::move(kept));
    bytes_ += size;
    ++end_;
    while (entries_.size() > limits_.entries || bytes_ > limits_.bytes) {
      bytes_ -= SizeOf(*entries_.front());
      dropped.push_back(std::move(entries_.front()));
      entries_.pop_front();
    }
  }
  changed_.notify_all();
}

LogRing::Batch LogRing::Read(std::uint64_t from, std::chrono::milliseconds timeout,
                             std::size_t limit) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return closed_ || end_ > from; });
  const std::uint64_t oldest = end_ - entries_.size();
  Batch batch;
  if (from < oldest) batch.lost = oldest - from;
  const std::uint64_t begin = std::clamp(from, oldest, end_);
  batch.next = begin + std::min<std::uint64_t>(limit, end_ - begin);
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(begin - oldest);
  batch.entries.assign(first, first + static_cast<std::ptrdiff_t>(batch.next - begin));
  batch.closed = closed_ && batch.next == end_;
  return batch;
}

std::uint64_t LogRing::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

std::size_t LogRing::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void LogRing::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace cocos::cvm
