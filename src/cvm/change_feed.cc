#include "cvm/change_feed.h"

#include <utility>

namespace cocos::cvm {

std::uint64_t ChangeFeed::Publish(Change change) {
  std::uint64_t revision = 0;
  {
    const std::lock_guard lock(mutex_);
    revision = ++last_revision_;
    change.revision = revision;
    const bool is_note = change.kind != ChangeKind::kLifeCycle;
    const CvmId id = change.cvm.id;
    log_.emplace_hint(log_.end(), revision, std::move(change));
    if (is_note) {
      notes_.insert(revision);
      notes_of_[id].insert(revision);
      TrimNotesOf(id);
    } else {
      changes_.push_back(revision);
      TrimChanges();
    }
  }
  changed_.notify_all();
  return revision;
}

void ChangeFeed::TrimChanges() {
  while (changes_.size() > capacity_) {
    resumable_from_ = changes_.front();
    log_.erase(changes_.front());
    changes_.pop_front();
  }
  // Nobody can ask for notes from before that any more.
  while (!notes_.empty() && *notes_.begin() < resumable_from_) {
    DropNote(log_.at(*notes_.begin()).cvm.id, *notes_.begin());
  }
}

void ChangeFeed::TrimNotesOf(const CvmId& id) {
  const std::set<std::uint64_t>& own = notes_of_.at(id);
  if (own.size() > kMaxNotesOfCvm) DropNote(id, *own.begin());
  if (notes_.size() > kMaxNotes) DropNote(log_.at(*notes_.begin()).cvm.id, *notes_.begin());
}

void ChangeFeed::DropNote(const CvmId& id, std::uint64_t revision) {
  const auto own = notes_of_.find(id);
  own->second.erase(revision);
  if (own->second.empty()) notes_of_.erase(own);
  notes_.erase(revision);
  log_.erase(revision);
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
  if (revision == 0) revision = resumable_from_;
  const auto is_gone = [&] { return revision < resumable_from_ || revision > last_revision_; };
  if (is_gone()) return RevisionGone(revision, resumable_from_ + 1);
  changed_.wait_for(lock, timeout, [&] { return closed_ || last_revision_ > revision; });
  if (closed_) return Fail(ErrorCode::kCancelled, "the manager is shutting down");
  if (is_gone()) return RevisionGone(revision, resumable_from_ + 1);
  std::vector<Change> changes;
  for (auto next = log_.upper_bound(revision); next != log_.end() && changes.size() < limit;
       ++next) {
    changes.push_back(next->second);
  }
  return changes;
}

void ChangeFeed::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace cocos::cvm
