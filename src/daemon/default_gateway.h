// Where guests find this host.
#pragma once

#include <string>

#include "base/result.h"

namespace cocos::daemon {

// The IPv4 address of the host's default gateway, from /proc/net/route below `root`. Under passt a
// guest that dials it reaches this host's loopback. Errors: kFailedPrecondition if there is none.
Result<std::string> DefaultGateway(const std::string& root = "");

}  // namespace cocos::daemon
