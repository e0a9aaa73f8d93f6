// What a run request must hold before the agent relies on it.
#pragma once

#include "base/result.h"
#include "proto/cvms.pb.h"

namespace cocos::testagent {

// computation::CheckManifest, and somebody must be there to take the result. Errors:
// kInvalidArgument or kMalformed naming the item.
Result<void> CheckManifest(const cvms::ComputationRunReq& manifest);

}  // namespace cocos::testagent
