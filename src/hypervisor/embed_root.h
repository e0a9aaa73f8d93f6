// The directory of an embedded QEMU driver.
#pragma once

#include <string>

#include "base/result.h"

namespace cocos::hypervisor {

// Creates DIR and the configuration the embedded driver needs there, unless present. To be called
// before the driver is opened. Errors: kInvalidArgument for a path so long that the sockets below
// it would not fit into a socket address; kFailedPrecondition when something cannot be written.
Result<void> PrepareEmbedRoot(const std::string& root);

}  // namespace cocos::hypervisor
