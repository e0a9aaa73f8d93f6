// Asks the agent in a CVM for evidence, on the port that its users talk to.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace cocos::relay {

// Numbers of agent.AttestationRequest.type since v0.8.0; the first three in every release.
enum class EvidenceType : int { kSnp = 0, kVtpm = 1, kSnpVtpm = 2, kTdx = 4 };

struct EvidenceCall {
  std::string address;  // host:port
  EvidenceType type = EvidenceType::kSnp;
  std::vector<std::byte> tee_nonce;   // 64 bytes; shorter ones are padded by the agent
  std::vector<std::byte> vtpm_nonce;  // 32 bytes
  std::chrono::system_clock::time_point deadline;
};

// The evidence as the agent sent it, not looked at. The connection is plain text and vouches for
// nothing: what is believed is what hardware signed over the nonces. Agents that serve TLS or
// attested TLS on this port do not answer.
// Errors: kUnavailable when nobody answers in plain text; kDeadlineExceeded; kFailedPrecondition
// when the agent makes no evidence of this type, or is of a release that cannot be asked;
// kMalformed for more than attestation::kMaxEvidenceSize, nothing, or another size than announced.
Result<std::string> FetchEvidence(const EvidenceCall& call);

}  // namespace cocos::relay
