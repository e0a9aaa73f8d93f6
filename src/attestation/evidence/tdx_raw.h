// Raw TDX evidence: a quote as the kernel returns it.
#pragma once

#include <cstddef>
#include <span>

#include "attestation/evidence/evidence.h"
#include "base/result.h"

namespace cocos::attestation {

// A quote of version 4 or 5 for TEE type TDX by Intel's quoting enclave (Intel "TDX DCAP Quote
// Generation Library and Quote Verification Library", appendix A.3), then perhaps the rest of the
// buffer the guest got it in. Only the frame is checked: the sizes of body and signature data fit;
// the rest belongs to the verifier. Kept whole, tail included. Errors: kMalformed, also above 64
// KiB.
Result<TdxEvidence> DecodeTdxRaw(std::span<const std::byte> bytes);

// The checks of the first 28 bytes alone.
Result<void> CheckTdxQuoteHeader(std::span<const std::byte> bytes);

}  // namespace cocos::attestation
