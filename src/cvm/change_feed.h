// Every change of every CVM, in order, for any number of watchers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "cvm/cvm.h"

namespace cocos::cvm {

// A bounded log with consecutive revisions. A watcher asks for what follows the last revision it
// saw; one that fell behind the log's start is told so and must list again. Publishing never waits
// for a watcher. Thread-safe.
class ChangeFeed {
 public:
  // The first change gets the revision after `base`. A base that grows from process to process (the
  // time) keeps a revision of an earlier process from being taken for one of this.
  explicit ChangeFeed(std::size_t capacity, std::uint64_t base = 0)
      : capacity_(capacity), base_(base), last_revision_(base) {}

  // Gives the change the next revision and returns it.
  std::uint64_t Publish(Change change);

  std::uint64_t last_revision() const;

  // Changes after `revision`, at most `limit`. Waits until there is one, `timeout` passes (empty
  // answer) or the feed is closed (kCancelled). kFailedPrecondition with reason "revision-gone":
  // the revision is older than the log, or newer than the last change (a watcher of an earlier
  // manager).
  Result<std::vector<Change>> Next(std::uint64_t revision, std::chrono::milliseconds timeout,
                                   std::size_t limit = 64) const;

  // Ends all waiting, now and later: the manager is shutting down.
  void Close();

 private:
  const std::size_t capacity_;
  const std::uint64_t base_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<Change> log_;
  std::uint64_t last_revision_;
  bool closed_ = false;
};

}  // namespace cocos::cvm
