// libvirt's domain events, copied into the core's and posted. Nothing here calls libvirt from
// within a callback: that would defeat keepalive and can hang for ever.
#pragma once

#include <libvirt/libvirt.h>

#include <memory>
#include <vector>

#include "base/result.h"
#include "hypervisor/event_relay.h"

namespace cocos::hypervisor {

// Registers for the events of all domains and returns libvirt's ids of the registrations. Events a
// driver does not offer are left out; life-cycle events must be there.
Result<std::vector<int>> RegisterDomainEvents(virConnectPtr connection,
                                              const std::shared_ptr<EventRelay>& relay);

}  // namespace cocos::hypervisor
