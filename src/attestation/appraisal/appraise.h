// The appraisal of an agent's evidence: from the bytes it sent to a verdict. RFC 9334 section 8.
//
// In this order: decoding; evidence without TEE is refused; each part is verified (SNP report, TDX
// quote, TPM quotes); the report data is compared with the challenge; the policy judges. A token's
// own claims (platform, issuer, times, nonce) are told and never judged, for nobody can check its
// signature; that the platform it names is that of the evidence inside is checked by the decoder.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "attestation/appraisal/challenge.h"
#include "attestation/appraisal/verify_parts.h"
#include "attestation/claims/claim.h"
#include "attestation/evidence/evidence.h"
#include "attestation/policy/policy.h"
#include "crypto/certificate.h"

namespace cocos::attestation::appraisal {

struct Expectation {
  Challenge challenge;
  policy::Policy policy;
  // What release and platform of the agent call for; none: any.
  std::optional<EvidenceFormat> format;
};

struct Appraisal {
  // Claims "evidence...", "token...", "binding.report-data", then those of policy::Evaluate.
  Verdict verdict;
  // The collateral for whose want alone nothing was judged; empty: none. The verdict then has no
  // claim. Evidence that collateral could not save is refused at once, without it.
  std::string missing;

  // The one question a gate asks.
  bool accepted() const { return missing.empty() && verdict.passed(); }
};

// Refused, with a failed claim in brackets: bytes that do not decode ("evidence.format"); no bytes,
// the empty provider's constant and a token of an agent without TEE ("evidence.tee"); a part that
// the policy demands and that is absent or does not verify ("snp.evidence", "tdx.evidence",
// "tpm.evidence", where a TPM nonce is checked too); report data that answers another challenge
// ("binding.report-data"); whatever the policy refuses.
//
// An SNP report beside a TPM must name the TPM's key in its report data, unless the policy has a
// part for the TPM that lets the key be unbound (agents up to v0.8.1).
// A report that the policy has no part for is told, as is its report data, unless the policy wants
// the TPM's key to be bound: only a report that verifies and answers the challenge binds it.
Appraisal Appraise(std::span<const std::byte> bytes, const Expectation& expectation,
                   const Endorsements& endorsements, crypto::TimePoint now);

// The same for evidence that was decoded before, to look for its collateral. `format` of the
// expectation has no effect.
Appraisal Appraise(const AgentEvidence& evidence, const Expectation& expectation,
                   const Endorsements& endorsements, crypto::TimePoint now);

// Demands for when there is no policy: each part that is there verifies, the TPM's key is bound to
// hardware, an event log replays. Says who signed, not that the guest is the wanted one.
policy::Policy DemandsOf(const AgentEvidence& evidence);

}  // namespace cocos::attestation::appraisal
