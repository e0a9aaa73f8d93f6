// What can be told from a gRPC address without asking anybody.
#pragma once

#include <string_view>

namespace cocos::cli {

// Whether what is sent to `address` stays on this host: a loopback or unspecified address,
// localhost, a Unix socket. Other names are taken as other hosts; nothing is looked up.
bool IsLocalAddress(std::string_view address);

}  // namespace cocos::cli
