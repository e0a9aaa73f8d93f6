// `cvmctl attest`: the verdict about a CVM now.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/cvm_commands.h"
#include "cli/exit_status.h"
#include "cli/streams.h"

namespace cocos::cli {

// Has the manager ask the CVM's agent and writes what it found: one table of claims for each policy
// and the verdict as the last line, or JSON. kDone, kFailed or kMissingCollateral as the verdict
// is. Errors: whatever keeps the manager from a verdict.
Result<ExitStatus> AttestCvm(const ManagerOptions& manager, const std::string& id,
                             const Streams& streams);

}  // namespace cocos::cli
