// Which group may read the shares of CVMs.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/logger.h"
#include "base/result.h"

namespace cocos::daemon {

// The group of QEMU's process, which must read the shares; none where QEMU runs as our own user.
// With no name given it is that of the distribution: libvirt-qemu (Debian, Ubuntu) or qemu
// (Fedora); a host with neither is warned about. Errors: kInvalidArgument for a name that is no
// group here, kInternal when the group database cannot be read.
Result<std::optional<gid_t>> FindShareGroup(const std::string& libvirt_uri,
                                            const std::string& configured_name, Logger& logger);

}  // namespace cocos::daemon
