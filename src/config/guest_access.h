// Whether guests can use the gRPC API of the manager that runs them.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace cocos::config {

struct GuestAccessFindings {
  std::vector<std::string> errors;    // with MANAGER_GRPC_GUEST_ACCESS=refuse
  std::vector<std::string> warnings;  // else, where guests know this host: with the relay on
};

// Under passt the host's loopback is behind every guest's default gateway, and whatever this host
// can reach is behind that too: which address the API listens on makes no difference, client
// certificates do (docs/adr/0015).
GuestAccessFindings CheckGuestAccess(const Config& config);

}  // namespace cocos::config
