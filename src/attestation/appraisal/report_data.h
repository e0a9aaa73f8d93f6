// Whether the report data of evidence answers the challenge, and what it ties to the hardware.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "attestation/appraisal/challenge.h"
#include "attestation/claims/claim.h"

namespace cocos::attestation::appraisal {

enum class ReportBinding {
  kNone,             // answers another challenge
  kChallenge,        // fresh; says nothing of a TPM's key
  kChallengeAndKey,  // fresh, and names the key that signed the TPM quotes beside it
};

// `ak_public`: TPMT_PUBLIC of the key beside an SNP report; none where a key is never bound, as
// beside a TDX quote.
ReportBinding BindingOf(const Challenge& challenge,
                        const std::optional<std::vector<std::byte>>& ak_public,
                        std::span<const std::byte> report_data);

// The claim "binding.report-data". With `key_must_be_bound` report data that answers the challenge
// alone (agents up to v0.8.1 beside a TPM) is refused.
Claim ReportDataClaim(const Challenge& challenge,
                      const std::optional<std::vector<std::byte>>& ak_public,
                      bool key_must_be_bound, std::span<const std::byte> report_data);

}  // namespace cocos::attestation::appraisal
