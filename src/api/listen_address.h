// The socket addresses behind a host and port.
#pragma once

#include <string>
#include <vector>

#include "api/listener.h"
#include "base/result.h"

namespace cocos::api {

struct ListenAddress {
  std::string text;  // "127.0.0.1:7002", "[::1]:7002"
  bool is_loopback = false;
};

// Every address to listen on, each found free a moment ago. gRPC by itself is content when one
// address of a name works, so a stranger on 127.0.0.1 would go unnoticed while ours is on ::1, and
// it never says why an address did not work. An address family this host lacks is left out, unless
// nothing else remains. Errors: kFailedPrecondition naming host and port.
Result<std::vector<ListenAddress>> FindListenAddresses(const ListenerOptions& options);

}  // namespace cocos::api
