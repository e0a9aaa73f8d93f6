// One connection to libvirt, registered for events.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "hypervisor/driver_traits.h"
#include "hypervisor/event_relay.h"
#include "hypervisor/handles.h"
#include "hypervisor/libvirt_options.h"

namespace cocos::hypervisor {

// Usable from any thread. A lost connection stays lost: open another. Domain handles made from it
// must be gone before it is destroyed. Must not be destroyed on the event loop's thread.
class Connection {
 public:
  // Opens, turns on keepalive and registers for domain events and for the loss of the connection,
  // which is posted as kConnectionLost, once. Errors: kUnavailable, or whatever opening an embedded
  // driver runs into.
  static Result<std::shared_ptr<Connection>> Open(const LibvirtOptions& options,
                                                  const DriverTraits& traits,
                                                  std::shared_ptr<EventRelay> relay);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  virConnectPtr get() const { return handle_.get(); }
  bool lost() const { return life_->lost; }

 private:
  // What the close callback needs; it may run after the connection object is gone.
  struct Life {
    explicit Life(std::shared_ptr<EventRelay> events) : relay(std::move(events)) {}
    std::shared_ptr<EventRelay> relay;
    std::atomic<bool> lost = false;
  };

  Connection(ConnectionHandle handle, std::shared_ptr<EventRelay> relay)
      : handle_(std::move(handle)), life_(std::make_shared<Life>(std::move(relay))) {}

  static void OnClose(virConnectPtr, int reason, void* opaque);
  static void FreeLife(void* opaque);
  Result<void> StartKeepalive(const LibvirtOptions& options);
  Result<void> WatchForLoss();

  ConnectionHandle handle_;
  std::shared_ptr<Life> life_;
  std::vector<int> registrations_;
  bool watching_ = false;
};

}  // namespace cocos::hypervisor
