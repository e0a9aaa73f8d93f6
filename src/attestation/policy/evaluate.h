// The verdict of a policy over evidence that was verified before.
#pragma once

#include <optional>
#include <vector>

#include "attestation/claims/claim.h"
#include "attestation/policy/policy.h"
#include "attestation/snp/verify.h"
#include "attestation/tdx/verify.h"
#include "attestation/vtpm/event_log.h"
#include "attestation/vtpm/quote.h"
#include "base/result.h"

namespace cocos::attestation::policy {

// What came from a vTPM and verified.
struct VerifiedTpm {
  std::vector<vtpm::VerifiedTpmQuote> quotes;
  std::optional<vtpm::EventLog> event_log;
  // The quotes' key is tied to the SNP report or TDX quote of the same evidence (vtpm/binding.h).
  bool key_is_bound = false;
};

// Each part: none if there was no such evidence, the error if it did not verify.
struct VerifiedParts {
  std::optional<Result<snp::VerifiedReport>> snp;
  std::optional<Result<tdx::VerifiedQuote>> tdx;
  std::optional<Result<VerifiedTpm>> tpm;
};

// The claims of each part in the order SNP, TDX, TPM. A part that the policy demands and that is
// not there or did not verify is one failed claim, "snp.evidence", "tdx.evidence" or
// "tpm.evidence". Evidence that the policy has no part for is told under the same name and not
// judged: it neither passes nor fails. A policy that CheckPolicy refuses passes nothing; the claim
// is "policy".
Verdict Evaluate(const Policy& policy, const VerifiedParts& parts);

}  // namespace cocos::attestation::policy
