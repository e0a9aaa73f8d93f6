#include "cvm/change_feed.h"

#include <algorithm>

namespace cocos::cvm {

std::uint64_t ChangeFeed::Publish(Change change) {
  std::uint64_t revision = 0;
  {
    const std::lock_guard lock(mutex_);
    revision = ++last_revision_;
    change.revision = revision;
    log_.push_back(std::move(change));
    if (log_.size() > capacity_) log_.pop_front();
  }
  changed_.notify_all();
  return revision;
}

std::uint64_t ChangeFeed::last_revision() const {
  const std::lock_guard lock(mutex_);
  return last_revision_;
}

namespace {

tl::unexpected<Error> RevisionGone(std::uint64_t revision, std::uint64_t oldest) {
  return tl::unexpected(
      Error(
          ErrorCode::kFailedPrecondition,
          fmt::format("revision {} cannot be resumed from, the oldest change kept here is {}; list "
                      "again and watch from the revision of that list",
                      revision, oldest))
          .WithReason("revision-gone"));
}

}  // namespace

Result<std::vector<Change>> ChangeFeed::Next(std::uint64_t revision,
                                             std::chrono::milliseconds timeout,
                                             std::size_t limit) const {
  std::unique_lock lock(mutex_);
  const auto oldest = [this] { return last_revision_ - log_.size() + 1; };
  // At the start, before anything was dropped, `oldest() - 1` is the base.
  if (revision == 0) revision = oldest() - 1;
  if (revision < base_ || revision > last_revision_) return RevisionGone(revision, oldest());
  changed_.wait_for(lock, timeout, [&] { return closed_ || last_revision_ > revision; });
  if (closed_) return Fail(ErrorCode::kCancelled, "the manager is shutting down");
  if (last_revision_ == revision) return std::vector<Change>();
  if (revision + 1 < oldest()) return RevisionGone(revision, oldest());
  const auto begin = log_.begin() + static_cast<std::ptrdiff_t>(revision + 1 - oldest());
  const auto count = std::min<std::size_t>(limit, static_cast<std::size_t>(log_.end() - begin));
  return std::vector<Change>(begin, begin + static_cast<std::ptrdiff_t>(count));
}

void ChangeFeed::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace cocos::cvm
