// Checks of a whole DomainSpec before it becomes XML.
#pragma once

#include "base/result.h"
#include "domain/spec.h"

namespace cocos::domain {

// Errors: kInvalidArgument naming the field (as in spec.h: "network.pci_slot") for a value that
// cannot be written, is out of range, or contradicts another one.
Result<void> CheckSpec(const DomainSpec& spec);

// The same for the metadata alone; fields are named "metadata.<field>".
Result<void> CheckMetadataValues(const CvmMetadata& metadata);

// The TEE the launch parameters are for.
Tee TeeOf(const LaunchSecurity& launch_security);

}  // namespace cocos::domain
