// The environment file that the agent in the guest starts with.
#pragma once

#include <string>

#include "cvm/cvm.h"

namespace cocos::cvm {

// One KEY=value a line, as upstream writes it (cocos-compat.md section 4.1). The request must have
// passed CheckRequest. Holds secrets.
std::string RenderGuestEnvironment(const CvmId& id, const CreateRequest& request);

}  // namespace cocos::cvm
