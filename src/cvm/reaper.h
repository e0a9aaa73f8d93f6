// Threads for what takes long and nobody waits for: removals by TTL, cleaning after CVMs that
// ended, writing metadata.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/logger.h"
#include "cvm/metadata_keeper.h"
#include "cvm/remover.h"

namespace cocos::cvm {

// Keeps the housekeeper free for events: powering a guest off may take half a minute. Thread-safe.
class Reaper {
 public:
  Reaper(Remover& remover, const MetadataKeeper& metadata, Logger& logger, unsigned threads);
  // Finishes what has begun, drops what has not: the next manager finds it again.
  ~Reaper();

  void Remove(CvmId id, std::string cause);
  void CleanEnded(CvmId id);
  void Record(CvmId id);

 private:
  using Task = std::function<void()>;
  void Enqueue(Task task);
  void Work(const std::stop_token& stop);

  Remover& remover_;
  const MetadataKeeper& metadata_;
  Logger& logger_;
  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<Task> tasks_;
  std::vector<std::jthread> threads_;  // last: they use what is above
};

}  // namespace cocos::cvm
