// Where the hypervisor's callbacks leave their events for the housekeeper.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "cvm/hypervisor.h"

namespace cocos::cvm {

// Thread-safe. Bounded: when the housekeeper falls far behind, events are dropped and it is told to
// compare everything instead.
class EventQueue final : public DomainEventSink {
 public:
  struct Batch {
    std::vector<DomainEvent> events;
    bool overflowed = false;  // events were dropped: reconcile
    bool stopped = false;
  };

  void Post(DomainEvent event) override;
  // Makes Wait return, for the caller to look at its deadlines anew.
  void Wake();
  void Stop();
  // Everything posted so far; waits for something until the deadline.
  Batch Wait(std::chrono::steady_clock::time_point deadline);
  // True when everything posted has been taken and the taker waits again.
  bool Idle() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<DomainEvent> events_;
  bool overflowed_ = false;
  bool woken_ = false;
  bool stopped_ = false;
  bool waiting_ = false;
};

}  // namespace cocos::cvm
