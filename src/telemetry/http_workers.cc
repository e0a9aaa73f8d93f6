#include "telemetry/http_workers.h"

#include <pthread.h>

namespace cocos {

HttpWorkers::HttpWorkers(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

HttpWorkers::~HttpWorkers() { HttpWorkers::shutdown(); }

HttpWorkers::EnqueueResult HttpWorkers::enqueue(std::function<void()> job) {
  Push(std::move(job));
  return static_cast<EnqueueResult>(true);
}

void HttpWorkers::Push(std::function<void()> job) {
  std::unique_lock lock(mutex_);
  job_taken_.wait(lock, [this] { return jobs_.size() < kMaxQueued; });
  jobs_.push_back(std::move(job));
  job_added_.notify_one();
}

void HttpWorkers::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  job_added_.notify_all();
  threads_.clear();
}

void HttpWorkers::Run() {
  pthread_setname_np(pthread_self(), "http-worker");
  std::unique_lock lock(mutex_);
  while (true) {
    job_added_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    job_taken_.notify_one();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace cocos
