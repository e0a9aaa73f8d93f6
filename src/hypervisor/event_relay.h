// The way from libvirt's callbacks to whoever listens.
#pragma once

#include <mutex>

#include "cvm/hypervisor.h"

namespace cocos::hypervisor {

// Passes events on to the sink of the moment. Thread-safe. Shared by all callbacks, some of which
// libvirt may still run while a connection is being closed; hence it outlives each of them.
class EventRelay {
 public:
  // Null: events are dropped. On return no Post to the earlier sink is under way.
  void SetSink(cvm::DomainEventSink* sink) {
    const std::lock_guard lock(mutex_);
    sink_ = sink;
  }

  void Post(cvm::DomainEvent event) {
    event.received = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    if (sink_ != nullptr) sink_->Post(std::move(event));
  }

 private:
  std::mutex mutex_;
  cvm::DomainEventSink* sink_ = nullptr;
};

}  // namespace cocos::hypervisor
