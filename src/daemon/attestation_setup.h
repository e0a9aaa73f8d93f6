// What the configuration says about attestation policies, checked before anything is opened.
#pragma once

#include "base/result.h"
#include "config/config.h"
#include "cvm/attestation_policy.h"
#include "cvm/reference_capture.h"

namespace cocos::daemon {

// Format and signing key. Errors: kInvalidArgument naming MANAGER_CORIM_SIGNING_KEY for a file that
// cannot be read, is no private key or is not on P-256, which is what ES256 signs with.
Result<cvm::PolicyFormOptions> LoadPolicyForm(const config::Config& config);

// What creations capture besides the files. `facts` may be null and must outlive the options.
// Errors: kInvalidArgument naming MANAGER_PCR_VALUES for a file that cannot be read or parsed now;
// each creation reads it again.
Result<cvm::CaptureOptions> LoadCaptureOptions(const config::Config& config,
                                               const cvm::HostFacts* facts,
                                               std::uint32_t cpu_signature);

}  // namespace cocos::daemon
