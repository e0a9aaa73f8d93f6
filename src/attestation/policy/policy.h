// What a relying party demands of the evidence of one CVM: the demands of each technology and how
// careless they may be together.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "attestation/snp/policy.h"
#include "attestation/tdx/policy.h"
#include "attestation/vtpm/policy.h"
#include "base/result.h"

namespace cocos::attestation::policy {

enum class Profile {
  kProduction,  // a policy that lets the host read the guest's memory is an error
  kDebug,
};

// "production", "debug".
std::string_view ProfileName(Profile profile);
std::optional<Profile> ProfileNamed(std::string_view name);

// A present part is a demand: without evidence of that kind the verdict fails.
struct Policy {
  std::string name;  // for people; not checked against anything
  Profile profile = Profile::kProduction;
  std::optional<snp::Policy> snp;
  std::optional<tdx::Policy> tdx;
  std::optional<vtpm::Policy> tpm;
};

// PCRs of a PC's TPM. TCG PC Client Platform TPM Profile.
inline constexpr unsigned kPcrs = 24;

// Every reader of this module ends with this, every writer begins with it. Refused are a policy
// without any part; one that accepts a revoked TCB or SHA-1, or no TCB or digest at all; PCR values
// of another size than their bank's; names with control characters or not in UTF-8; and in the
// production profile one that accepts a guest open to debugging.
// Errors: kInvalidArgument, naming the key.
Result<void> CheckPolicy(const Policy& policy);

}  // namespace cocos::attestation::policy
