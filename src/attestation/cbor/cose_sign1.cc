#include "attestation/cbor/cose_sign1.h"

#include <algorithm>

namespace cocos::attestation::cbor {
namespace {

constexpr std::uint64_t kCoseSign1Tag = 18;

Result<void> CheckAlgorithm(const CoseSign1& message, std::string_view what) {
  const Item* const algorithm = Find(message.protected_header, kCoseLabelAlgorithm);
  if (algorithm == nullptr) {
    return Fail(ErrorCode::kMalformed, "{}: no algorithm in the protected header", what);
  }
  if (!algorithm->Is(kCoseAlgorithmEs256)) {
    return Fail(ErrorCode::kMalformed, "{}: algorithm is not ES256 (-7)", what);
  }
  return {};
}

// RFC 9052 section 3.1: "crit" names labels without which the message must not be processed, and
// none beyond the common ones is known here.
Result<void> CheckLabels(const CoseSign1& message, std::string_view what) {
  if (Find(message.protected_header, kCoseLabelCritical) != nullptr ||
      Find(message.unprotected_header, kCoseLabelCritical) != nullptr) {
    return Fail(ErrorCode::kMalformed, "{}: a list of critical labels (2), none is known", what);
  }
  // Section 3: a label in both headers makes the message malformed.
  for (const Member& member : message.protected_header) {
    const auto same_label = [&member](const Member& other) {
      return std::ranges::equal(member.key.encoded(), other.key.encoded());
    };
    if (std::ranges::any_of(message.unprotected_header, same_label)) {
      return Fail(ErrorCode::kMalformed, "{}: a label is in both headers", what);
    }
  }
  return {};
}

}  // namespace

Result<CoseSign1> ParseCoseSign1(std::span<const std::byte> bytes, std::string_view what,
                                 const Limits& limits) {
  const Item document = COCOS_TRY(Parse(bytes, what, limits));
  const Item array = COCOS_TRY(document.Tagged(kCoseSign1Tag, what));
  const std::vector<Item> parts = COCOS_TRY(array.Array(what));
  if (parts.size() != 4) {
    return Fail(ErrorCode::kMalformed, "{}: {} parts, want 4", what, parts.size());
  }
  CoseSign1 message;
  message.protected_bytes = COCOS_TRY(parts[0].Bytes(what));
  const Item header = COCOS_TRY(Parse(message.protected_bytes, what, limits));
  message.protected_header = COCOS_TRY(header.Map(what));
  message.unprotected_header = COCOS_TRY(parts[1].Map(what));
  message.payload = COCOS_TRY(parts[2].Bytes(what));
  message.signature = COCOS_TRY(parts[3].Bytes(what));
  COCOS_TRY(CheckAlgorithm(message, what));
  COCOS_TRY(CheckLabels(message, what));
  if (message.signature.size() != kEs256SignatureSize) {
    return Fail(ErrorCode::kMalformed, "{}: signature of {} bytes, want {}", what,
                message.signature.size(), kEs256SignatureSize);
  }
  return message;
}

Encoding SignatureInput(std::span<const std::byte> protected_bytes,
                        std::span<const std::byte> payload) {
  return EncodeArray({EncodeText("Signature1"), EncodeBytes(protected_bytes), EncodeBytes({}),
                      EncodeBytes(payload)});
}

Encoding EncodeCoseSign1(std::span<const std::byte> protected_bytes, const Encoding& unprotected,
                         std::span<const std::byte> payload, std::span<const std::byte> signature) {
  return EncodeTagged(kCoseSign1Tag, EncodeArray({EncodeBytes(protected_bytes), unprotected,
                                                  EncodeBytes(payload), EncodeBytes(signature)}));
}

}  // namespace cocos::attestation::cbor
