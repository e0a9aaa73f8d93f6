// Every change of every CVM, in order, for any number of watchers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "base/result.h"
#include "cvm/cvm.h"

namespace cocos::cvm {

// A bounded log with consecutive revisions. A watcher asks for what follows the last revision it
// saw; one that fell behind is told so and must list again. Publishing never waits for a watcher.
//
// Changes of state and notes (all other kinds) have bounds of their own, because guests cause notes
// and would otherwise decide how long changes of state are kept: a note only ever pushes out notes,
// of its own CVM first. So a watcher never misses a change of state; a gap between two revisions
// that it gets is the number of notes that were pushed out before it came for them, and each holds
// the CVM as it then was. Thread-safe.
class ChangeFeed {
 public:
  // Of notes. A CVM's share is what a watcher that lags may see of its recent past.
  static constexpr std::size_t kMaxNotes = 2048;
  static constexpr std::size_t kMaxNotesOfCvm = 64;

  // `capacity`: changes of state. The first change gets the revision after `base`. A base that
  // grows from process to process (the time) keeps a revision of an earlier process from being
  // taken for one of this.
  explicit ChangeFeed(std::size_t capacity, std::uint64_t base = 0)
      : capacity_(capacity), last_revision_(base), resumable_from_(base) {}

  // Gives the change the next revision and returns it.
  std::uint64_t Publish(Change change);

  std::uint64_t last_revision() const;

  // Changes after `revision`, at most `limit`. Waits until there is one, `timeout` passes (empty
  // answer) or the feed is closed (kCancelled). kFailedPrecondition with reason "revision-gone":
  // changes of state after the revision are no longer kept, or it is newer than the last change (a
  // watcher of an earlier manager).
  Result<std::vector<Change>> Next(std::uint64_t revision, std::chrono::milliseconds timeout,
                                   std::size_t limit = 64) const;

  // Ends all waiting, now and later: the manager is shutting down.
  void Close();

 private:
  void TrimChanges();
  void TrimNotesOf(const CvmId& id);
  void DropNote(const CvmId& id, std::uint64_t revision);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<std::uint64_t, Change> log_;  // by revision
  std::deque<std::uint64_t> changes_;    // those that are changes of state
  std::set<std::uint64_t> notes_;        // the others
  std::map<CvmId, std::set<std::uint64_t>> notes_of_;
  std::uint64_t last_revision_;
  std::uint64_t resumable_from_;  // all changes of state after it are kept
  bool closed_ = false;
};

}  // namespace cocos::cvm
