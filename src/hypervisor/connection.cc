#include "hypervisor/connection.h"

#include <utility>

#include "hypervisor/event_callbacks.h"
#include "hypervisor/last_error.h"

namespace cocos::hypervisor {
namespace {

std::string CloseReasonText(int reason) {
  switch (reason) {
    case VIR_CONNECT_CLOSE_REASON_EOF:
      return "libvirt closed the connection";
    case VIR_CONNECT_CLOSE_REASON_KEEPALIVE:
      return "libvirt stopped answering";
    case VIR_CONNECT_CLOSE_REASON_CLIENT:
      return "connection closed here";
    default:
      return "I/O error on the connection to libvirt";
  }
}

}  // namespace

Result<std::shared_ptr<Connection>> Connection::Open(const LibvirtOptions& options,
                                                     const DriverTraits& traits,
                                                     std::shared_ptr<EventRelay> relay) {
  ConnectionHandle handle(virConnectOpen(options.uri.c_str()));
  if (!handle) return tl::unexpected(LastError("open " + options.uri));
  std::shared_ptr<Connection> connection(new Connection(std::move(handle), std::move(relay)));
  if (traits.has_daemon) {
    COCOS_TRY(connection->StartKeepalive(options));
    COCOS_TRY(connection->WatchForLoss());
  }
  connection->registrations_ =
      COCOS_TRY(RegisterDomainEvents(connection->get(), connection->life_->relay));
  return connection;
}

Connection::~Connection() {
  for (const int id : registrations_) virConnectDomainEventDeregisterAny(handle_.get(), id);
  if (watching_) virConnectUnregisterCloseCallback(handle_.get(), OnClose);
}

// May run on the event loop's thread or on any thread that is in a call.
void Connection::OnClose(virConnectPtr, int reason, void* opaque) {
  Life& life = **static_cast<std::shared_ptr<Life>*>(opaque);
  if (life.lost.exchange(true)) return;
  cvm::DomainEvent event;
  event.kind = cvm::DomainEvent::Kind::kConnectionLost;
  event.detail = CloseReasonText(reason);
  life.relay->Post(std::move(event));
}

void Connection::FreeLife(void* opaque) { delete static_cast<std::shared_ptr<Life>*>(opaque); }

Result<void> Connection::StartKeepalive(const LibvirtOptions& options) {
  const int interval_s = static_cast<int>(options.keepalive_interval.count());
  // 1: the daemon is too old to answer pings; then only the socket's end tells.
  if (virConnectSetKeepAlive(handle_.get(), interval_s, options.keepalive_count) < 0) {
    return tl::unexpected(LastError("turn on keepalive"));
  }
  return {};
}

// Drivers in this process accept the callback too, but drop it, without ever freeing its argument.
Result<void> Connection::WatchForLoss() {
  auto opaque = std::make_unique<std::shared_ptr<Life>>(life_);
  if (virConnectRegisterCloseCallback(handle_.get(), OnClose, opaque.get(), FreeLife) != 0) {
    return tl::unexpected(LastError("register for the loss of the connection"));
  }
  static_cast<void>(opaque.release());
  watching_ = true;
  return {};
}

}  // namespace cocos::hypervisor
