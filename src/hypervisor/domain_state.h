// libvirt's states, reasons and events as the core's. Pure; values are libvirt's enums.
#pragma once

#include <optional>
#include <string_view>

#include "cvm/hypervisor.h"

namespace cocos::hypervisor {

// `state` is a virDomainState, `reason` what virDomainGetState gives with it.
cvm::DomainState ToDomainState(int state, int reason);
// Why a domain is not running; kUnknown for one that is.
cvm::StopReason ToStopReason(int state, int reason);

// What a lifecycle event (virDomainEventType and its detail) means to the core; no value for those
// it does not care about. `id` and `received` are left empty.
std::optional<cvm::DomainEvent> ToDomainEvent(int event, int detail);

// The action a watchdog took (virDomainEventWatchdogAction): "poweroff".
std::string_view WatchdogActionName(int action);

}  // namespace cocos::hypervisor
