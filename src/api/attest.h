// The attestation of a CVM on demand, as the operator API needs it. The daemon implements it.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "attestation/claims/claim.h"
#include "base/result.h"
#include "cvm/cvm.h"

namespace cocos::api {

struct AttestOutcome {
  // Under one policy. Passed if nothing is missing and the verdict passes.
  struct Part {
    std::string policy;
    attestation::Verdict verdict;
    std::string missing;  // collateral; empty: none
  };

  bool passed = false;
  std::string missing;  // for whose want alone it did not pass
  std::string summary;
  std::vector<Part> parts;
  std::string explanation;
  std::string agent_address;
  cvm::TimePoint time;
};

// Blocks until the deadline at most, and may be called on several threads at once. Any verdict is
// an outcome. Errors: kNotFound; kFailedPrecondition; kUnavailable and kDeadlineExceeded for an
// agent that does not answer; kMalformed for answers that are too long.
using Attest = std::function<Result<AttestOutcome>(const cvm::CvmId& id,
                                                   std::chrono::system_clock::time_point deadline)>;

}  // namespace cocos::api
