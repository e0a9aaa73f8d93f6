// Checks a create request completely before anything is touched.
#pragma once

#include <chrono>
#include <optional>

#include "base/result.h"
#include "cvm/class.h"
#include "cvm/cvm.h"

namespace cocos::cvm {

// What a checked request asks for beyond its texts.
struct CheckedRequest {
  std::optional<std::chrono::nanoseconds> ttl;  // none: no expiry
  std::string kernel_command_line;              // the class's, with aa_kbs_params appended
};

// Errors: kInvalidArgument naming field, value and what is accepted (values of keys, certificates
// and tokens are never repeated); TTL errors have upstream's texts.
Result<CheckedRequest> CheckRequest(const CreateRequest& request,
                                    const ComputationClass& computation_class);

}  // namespace cocos::cvm
