// What an agent's evidence must answer to.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "attestation/evidence/binding.h"
#include "base/result.h"

namespace cocos::attestation::appraisal {

struct Challenge {
  // Of SNP and TDX reports; where a vTPM's key is bound to the report, one of two inputs of it.
  ReportData report_data{};
  // extraData of TPM quotes. None: no quote can be told to be fresh, so none verifies.
  std::optional<TpmNonce> tpm_nonce;
};

// Evidence on its way to a manager: the certificate file that the agent was given, to the byte.
// Errors: kInvalidArgument for an empty file, which would be a constant.
Result<Challenge> ChallengeOfCertificate(std::span<const std::byte> certificate_file);

// Evidence that a client asked the agent for. `tee_nonce` is 1 to 64 bytes, `tpm_nonce` up to 32;
// an empty one stands for a request without it. Errors: kInvalidArgument.
Result<Challenge> ChallengeOfNonces(std::span<const std::byte> tee_nonce,
                                    std::span<const std::byte> tpm_nonce);

}  // namespace cocos::attestation::appraisal
