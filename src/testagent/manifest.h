// What a run request must hold before the agent relies on it.
#pragma once

#include "base/result.h"
#include "proto/cvms.pb.h"

namespace cocos::testagent {

// Checks digests (32 bytes), keys, dataset names (plain file names) and that there is an algorithm
// and a consumer of the result. Errors: kInvalidArgument or kMalformed naming the item.
Result<void> CheckManifest(const cvms::ComputationRunReq& manifest);

}  // namespace cocos::testagent
