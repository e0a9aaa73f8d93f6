// The threads that answer HTTP requests. Included by http_server.cc alone, because of httplib.
#pragma once

#include <httplib.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace cocos {

// A fixed number of threads and a bounded queue of connections in front of them. When it is full,
// the accepting thread waits, and further connections queue in the kernel.
class HttpWorkers final : public httplib::TaskQueue {
 public:
  explicit HttpWorkers(unsigned threads);
  ~HttpWorkers() override;

  // void or bool, depending on the release of the library.
  using EnqueueResult =
      decltype(std::declval<httplib::TaskQueue&>().enqueue(std::function<void()>()));
  EnqueueResult enqueue(std::function<void()> job) override;
  // Finishes the queue and joins the threads. Called by the library before it destroys this.
  void shutdown() override;

 private:
  static constexpr std::size_t kMaxQueued = 64;

  void Push(std::function<void()> job);
  void Run();

  std::mutex mutex_;
  std::condition_variable job_added_;
  std::condition_variable job_taken_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace cocos
