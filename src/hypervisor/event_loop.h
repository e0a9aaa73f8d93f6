// libvirt's event loop: one for each process.
#pragma once

#include <atomic>
#include <thread>

namespace cocos::hypervisor {

// Runs libvirt's default event loop in a thread of its own. Must exist before the first connection
// is opened (libvirt decides then whether it can do keepalive and events) and be destroyed after
// the last one is closed. Loops may follow each other in a process, but only one may exist at a
// time.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

 private:
  void Run();

  std::atomic<bool> stopping_ = false;
  int wake_timer_ = -1;  // disarmed; firing it makes the loop look at stopping_
  std::jthread thread_;
};

}  // namespace cocos::hypervisor
