#include "cvm/reaper.h"

#include <pthread.h>

#include <utility>

namespace cocos::cvm {

Reaper::Reaper(Remover& remover, const MetadataKeeper& metadata, Logger& logger, unsigned threads)
    : remover_(remover), metadata_(metadata), logger_(logger) {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
    ::pthread_setname_np(threads_.back().native_handle(), "cvm-reaper");
  }
}

Reaper::~Reaper() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void Reaper::Remove(CvmId id, std::string cause) {
  Enqueue([this, id = std::move(id), cause = std::move(cause)] {
    const Result<void> removed = remover_.Remove(id, cause);
    if (removed) {
      logger_.Info("Removed a CVM", {{"cvm", id.text()}, {"cause", cause}});
    } else if (removed.error().code() != ErrorCode::kNotFound) {  // not found: a caller was faster
      logger_.Error("Removing a CVM failed, it will be tried again",
                    {{"cvm", id.text()}, {"cause", cause}, {"error", removed.error().message()}});
    }
  });
}

void Reaper::CleanEnded(CvmId id) {
  Enqueue([this, id = std::move(id)] { remover_.CleanEnded(id); });
}

void Reaper::Record(CvmId id) {
  Enqueue([this, id = std::move(id)] { metadata_.Record(id); });
}

void Reaper::Enqueue(Task task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  ready_.notify_one();
}

void Reaper::Work(const std::stop_token& stop) {
  while (true) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      if (!ready_.wait(lock, stop, [this] { return !tasks_.empty(); })) return;
      if (stop.stop_requested()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace cocos::cvm
