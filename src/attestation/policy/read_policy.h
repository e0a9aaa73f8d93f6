// A policy file of any of the three formats: YAML of this project, upstream's JSON, CoRIM.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/policy/policy.h"
#include "base/result.h"
#include "crypto/key.h"

namespace cocos::attestation::policy {

// Of any file that a reader takes.
inline constexpr std::size_t kMaxPolicyFileBytes = std::size_t{256} << 10;

struct AnyPolicy {
  Policy policy;
  std::string format;              // "yaml", "json", "corim"
  std::vector<std::string> notes;  // for people: what of the text has no effect
};

// The format is told from the first bytes. `profile` is that of a JSON document, which cannot say
// it. With a key, a CoRIM must be signed by it; the key must outlive the call.
// Errors: those of the three readers; kInvalidArgument for a key with another format than CoRIM.
Result<AnyPolicy> ReadAnyPolicy(std::string_view text, Profile profile,
                                const crypto::VerifyingKey* key = nullptr);

}  // namespace cocos::attestation::policy
