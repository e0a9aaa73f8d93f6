// What makes a domain confidential.
#pragma once

#include "domain/spec.h"
#include "domain/xml.h"

namespace cocos::domain {

// Fills an empty <launchSecurity>. `launch_security` holds SevSnp or Tdx and has passed CheckSpec.
void FillLaunchSecurity(Element element, const LaunchSecurity& launch_security);

// Adds the QEMU arguments that boot the guest from an IGVM file: libvirt has no element for it.
void AddIgvm(Element domain, const std::string& igvm_path);

}  // namespace cocos::domain
