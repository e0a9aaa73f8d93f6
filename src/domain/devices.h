// The devices every CVM gets.
#pragma once

#include "domain/spec.h"
#include "domain/xml.h"

namespace cocos::domain {

// Adds emulator, shares, network, console and, where reserved, vsock to <devices>. `spec` has
// passed CheckSpec.
void AddDevices(Element devices, const DomainSpec& spec);

}  // namespace cocos::domain
