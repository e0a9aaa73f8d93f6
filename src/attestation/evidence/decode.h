// From the bytes an agent sent to the evidence in them.
#pragma once

#include <cstddef>
#include <span>

#include "attestation/evidence/evidence.h"
#include "base/result.h"

namespace cocos::attestation {

// Decodes evidence of the one format that release and platform of the agent call for. No bytes and
// the empty provider's constant can come in place of any; they are told by `no_tee`, as is a token
// of an agent without TEE. The evidence inside a token must be what the token's platform calls for;
// a token inside a token is refused.
// Errors: kMalformed for all else, also above 4 MiB. Never half of it: all bytes are understood.
Result<AgentEvidence> DecodeEvidence(std::span<const std::byte> bytes, EvidenceFormat expected);

// The same for evidence of unknown origin: Classify, then its decoder. For diagnostics; a gate
// knows what it waits for.
Result<AgentEvidence> DecodeAnyEvidence(std::span<const std::byte> bytes);

// The two nonces that stand in for a report where there is no TEE: 64 and 32 bytes.
// Errors: kMalformed for another size.
Result<NoCcSample> DecodeNoCcSample(std::span<const std::byte> bytes);

}  // namespace cocos::attestation
