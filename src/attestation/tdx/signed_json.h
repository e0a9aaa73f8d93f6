// The envelope of Intel's signed collateral: {"<member>":{...},"signature":"<hex>"}. Intel PCS API
// version 4; tdx reference 5.3.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"
#include "crypto/key.h"

namespace cocos::attestation::tdx {

struct SignedJson {
  std::span<const std::byte> object;  // from its { to its }, as received: what is signed
  crypto::EcdsaSignature signature;   // P-256
};

// Cuts the envelope without parsing what is inside, so that what is verified is what was received
// and what is parsed is what was verified. Refused: other members, one that is there twice, escapes
// in their names, anything but white space around the envelope, more than 256 KiB, and nesting that
// is deeper than 16. The inside is only known to have matching brackets and closed strings.
// `object` looks into `text`. Errors: kMalformed, without a reason.
Result<SignedJson> CutSignedJson(std::span<const std::byte> text, std::string_view member);

}  // namespace cocos::attestation::tdx
