// Which format some evidence is in, when nobody knows.
#pragma once

#include <cstddef>
#include <span>

#include "attestation/evidence/evidence.h"
#include "base/result.h"

namespace cocos::attestation {

// Looks at the first bytes alone, first match wins:
//
// | bytes                                                            | format             |
// |------------------------------------------------------------------|--------------------|
// | none                                                             | kEmpty             |
// | SHA-256 is that of the constant of agents without TEE            | kEmptyProvider     |
// | d2 84: tag 18, array of 4                                        | kEatCbor           |
// | "eyJ", base64url and two dots                                    | kEatJwt            |
// | an SNP report (LooksLikeSnpReport)                               | kSnpRaw            |
// | the header of a TDX quote (CheckTdxQuoteHeader)                  | kTdxRaw            |
// | 0a: field 1, whose content begins with 08 (another field 1)      | kSevSnpAttestation |
// | 0a: field 1, whose content begins with 00 01 or 00 23 (RSA, ECC) | kAttest            |
//
// No input fits two rows. There is no second try: the decoder of the format must take all bytes.
// Errors: kMalformed for anything else (JSON, text, HTML) and for more than 4 MiB.
Result<EvidenceFormat> Classify(std::span<const std::byte> bytes);

// Whether this is the report that the empty provider's constant begins with.
bool IsEmptyProviderReport(std::span<const std::byte> report);

}  // namespace cocos::attestation
