#include "hypervisor/event_callbacks.h"

#include <libvirt/virterror.h>

#include <array>
#include <string>
#include <utility>

#include "hypervisor/domain_state.h"
#include "hypervisor/last_error.h"

namespace cocos::hypervisor {
namespace {

using cvm::DomainEvent;

// What libvirt hands to each callback; one for each registration, freed by libvirt.
using SharedRelay = std::shared_ptr<EventRelay>;

void FreeRelay(void* opaque) { delete static_cast<SharedRelay*>(opaque); }

void Post(void* opaque, virDomainPtr domain, DomainEvent event) {
  std::array<char, VIR_UUID_STRING_BUFLEN> uuid = {};
  if (virDomainGetUUIDString(domain, uuid.data()) != 0) return;  // a local copy, no call
  event.id = uuid.data();
  (*static_cast<SharedRelay*>(opaque))->Post(std::move(event));
}

void Post(void* opaque, virDomainPtr domain, DomainEvent::Kind kind, std::string detail) {
  DomainEvent event;
  event.kind = kind;
  event.detail = std::move(detail);
  Post(opaque, domain, std::move(event));
}

int OnLifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* opaque) {
  if (std::optional<DomainEvent> ours = ToDomainEvent(event, detail)) {
    Post(opaque, domain, std::move(*ours));
  }
  return 0;
}

void OnReboot(virConnectPtr, virDomainPtr domain, void* opaque) {
  Post(opaque, domain, DomainEvent::Kind::kReboot, "");
}

void OnWatchdog(virConnectPtr, virDomainPtr domain, int action, void* opaque) {
  Post(opaque, domain, DomainEvent::Kind::kWatchdog, std::string(WatchdogActionName(action)));
}

void OnIoError(virConnectPtr, virDomainPtr domain, const char* source, const char* device, int,
               const char* reason, void* opaque) {
  Post(opaque, domain, DomainEvent::Kind::kIoError,
       fmt::format("{} ({}): {}", device == nullptr ? "" : device, source == nullptr ? "" : source,
                   reason == nullptr || *reason == '\0' ? "I/O error" : reason));
}

void OnMemoryFailure(virConnectPtr, virDomainPtr domain, int recipient, int action, unsigned,
                     void* opaque) {
  Post(opaque, domain, DomainEvent::Kind::kMemoryFailure,
       fmt::format("recipient {}, action {}", recipient, action));
}

void OnAgent(virConnectPtr, virDomainPtr domain, int state, int, void* opaque) {
  const bool connected = state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED;
  Post(opaque, domain,
       connected ? DomainEvent::Kind::kAgentConnected : DomainEvent::Kind::kAgentDisconnected, "");
}

// libvirt takes every callback as one generic type and casts it back. The way over void(*)() tells
// the compiler that this is meant.
template <typename Callback>
virConnectDomainEventGenericCallback Generic(Callback* callback) {
  return reinterpret_cast<virConnectDomainEventGenericCallback>(
      reinterpret_cast<void (*)()>(callback));
}

Result<int> Register(virConnectPtr connection, const SharedRelay& relay, int event,
                     virConnectDomainEventGenericCallback callback) {
  auto opaque = std::make_unique<SharedRelay>(relay);
  const int id = virConnectDomainEventRegisterAny(connection, nullptr, event, callback,
                                                  opaque.get(), FreeRelay);
  if (id < 0) return tl::unexpected(LastError("register for domain events"));
  static_cast<void>(opaque.release());
  return id;
}

}  // namespace

Result<std::vector<int>> RegisterDomainEvents(virConnectPtr connection,
                                              const std::shared_ptr<EventRelay>& relay) {
  const std::pair<int, virConnectDomainEventGenericCallback> optional_events[] = {
      {VIR_DOMAIN_EVENT_ID_REBOOT, Generic(OnReboot)},
      {VIR_DOMAIN_EVENT_ID_WATCHDOG, Generic(OnWatchdog)},
      {VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, Generic(OnIoError)},
      {VIR_DOMAIN_EVENT_ID_MEMORY_FAILURE, Generic(OnMemoryFailure)},
      {VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, Generic(OnAgent)},
  };
  std::vector<int> ids;
  ids.push_back(
      COCOS_TRY(Register(connection, relay, VIR_DOMAIN_EVENT_ID_LIFECYCLE, Generic(OnLifecycle))));
  for (const auto& [event, callback] : optional_events) {
    const Result<int> id = Register(connection, relay, event, callback);
    if (id) ids.push_back(*id);
  }
  return ids;
}

}  // namespace cocos::hypervisor
