// Entity attestation tokens (RFC 9711) of the agent, as CBOR and as JSON.
//
// All trust comes from `raw_report`, the evidence inside. The signature cannot be checked: its key
// is made in the guest at each start and is neither published nor bound to the report. So a token
// is an envelope: its shape is checked as if it were signed, and its claims are labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "attestation/evidence/evidence.h"
#include "base/result.h"

namespace cocos::attestation {

// A token opened: labels and the evidence inside, not decoded yet.
struct EatToken {
  EatLabels labels;
  std::vector<std::byte> raw_report;  // not empty
};

// Exactly one COSE_Sign1 (cbor/cose_sign1.h) over a map of claims, strict CBOR (cbor/item.h). The
// protected header holds the algorithm and nothing else, the other at most a key id.
// Errors: kMalformed; also without nonce (8 to 64 bytes), platform type or raw report, and for a
// known claim of another type.
Result<EatToken> ParseEatCbor(std::span<const std::byte> bytes);

// Exactly one JWS (RFC 7515) in compact form: three parts, header {"alg":"ES256","typ":"JWT"}, a
// 64-byte signature. The same claims; byte strings are standard base64 with padding. The JSON has
// no key twice, also when only the case differs, and is at most 8 deep. Errors: as ParseEatCbor.
Result<EatToken> ParseEatJwt(std::span<const std::byte> bytes);

// The platform a token names. Errors: kMalformed for any other text.
Result<AgentPlatform> ParseAgentPlatform(std::string_view text);

// Checks shared by both forms: the length of the nonce, a raw report that is not empty.
Result<void> CheckEatToken(const EatToken& token);

}  // namespace cocos::attestation
