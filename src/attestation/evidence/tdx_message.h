// A TDX quote as protobuf message tdx.QuoteV4: taken apart, put back.
#pragma once

#include <cstddef>
#include <span>

#include "attestation/evidence/evidence.h"
#include "base/result.h"

namespace cocos::attestation {

// Rebuilds the quote byte for byte: Intel "TDX DCAP Quote Generation Library and Quote Verification
// Library", quote version 4 with certification data type 6. Errors: kMalformed; also when a
// declared size is not that of what it counts, and what DecodeTdxRaw refuses.
Result<TdxEvidence> DecodeTdxQuoteMessage(std::span<const std::byte> bytes);

}  // namespace cocos::attestation
