// Verification of each part of an agent's evidence with what a verifier has at hand. What the parts
// say of each other is the matter of appraise.h.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "attestation/evidence/binding.h"
#include "attestation/evidence/evidence.h"
#include "attestation/policy/evaluate.h"
#include "attestation/snp/certificate_table.h"
#include "attestation/snp/trust_anchors.h"
#include "attestation/snp/verify.h"
#include "attestation/tdx/collateral.h"
#include "attestation/tdx/trust_anchors.h"
#include "attestation/tdx/verify.h"
#include "attestation/vtpm/policy.h"
#include "base/result.h"
#include "crypto/certificate.h"

namespace cocos::attestation::appraisal {

// What the verifier keeps of its own. Trusts nobody until anchors are put in.
struct Endorsements {
  // Each certificate, and the CRL, goes before the one that came with the evidence: agents send a
  // VCEK that they fetched when they started. Empty places are filled from the evidence.
  snp::CertificateTable snp;
  std::optional<tdx::Collateral> tdx;
  snp::TrustAnchors snp_anchors;
  tdx::TrustAnchors tdx_anchors;
};

// The error is that something to verify with is not there: neither kept nor sent. Fetching it may
// help. What evidence itself lacks, such as a PCR, is untrusted.
bool IsMissingCollateral(const Error& error);

// ASK and ARK in each other's place, as agents since v0.8.0 send them, are put right.
// Errors: those of snp::Verify and snp::CollectEndorsements.
Result<snp::VerifiedReport> VerifySnp(const SnpEvidence& evidence, const Endorsements& endorsements,
                                      crypto::TimePoint now);

// Without collateral signatures alone are verified where that is allowed; elsewhere it is missing.
// Errors: those of tdx::VerifyQuote; kFailedPrecondition, missing-collateral.
Result<tdx::VerifiedQuote> VerifyTdx(std::span<const std::byte> quote,
                                     const Endorsements& endorsements, bool require_collateral,
                                     crypto::TimePoint now);

// Every quote, by the one key; the event log where there is one. `key_is_bound` is left false.
// A log that does not parse is an error only if the policy asks for one; else it is left out.
// Errors: those of vtpm::VerifyQuote and its parsers; kUntrusted, nonce-mismatch, without a nonce.
Result<policy::VerifiedTpm> VerifyTpm(const TpmEvidence& evidence,
                                      const std::optional<TpmNonce>& nonce,
                                      const vtpm::Policy& policy);

}  // namespace cocos::attestation::appraisal
