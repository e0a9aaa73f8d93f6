// Where and how the gRPC server listens.
#pragma once

#include <cstdint>
#include <string>

#include "crypto/listener_tls.h"

namespace cocos::api {

using crypto::ListenerTls;

struct ListenerOptions {
  // A name or an address without brackets. Every address a name resolves to is listened on. The
  // wildcard of either family stands for both.
  std::string host = "localhost";
  std::uint16_t port = 7002;  // 0: any free port, on the first address alone
  ListenerTls tls;
};

}  // namespace cocos::api
