// COSE_Sign1 (RFC 9052 section 4.2) taken apart and put together. Signatures are checked and made
// by the caller, over SignatureInput.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "attestation/cbor/item.h"
#include "attestation/cbor/writer.h"
#include "base/result.h"

namespace cocos::attestation::cbor {

// RFC 9053: ECDSA with SHA-256; the signature is r and s, 32 bytes each.
inline constexpr std::int64_t kCoseAlgorithmEs256 = -7;
inline constexpr std::size_t kEs256SignatureSize = 64;

// Header labels of RFC 9052 section 3.1.
inline constexpr std::int64_t kCoseLabelAlgorithm = 1;
inline constexpr std::int64_t kCoseLabelCritical = 2;
inline constexpr std::int64_t kCoseLabelContentType = 3;
inline constexpr std::int64_t kCoseLabelKeyId = 4;

// Views of the message, which must outlive them.
struct CoseSign1 {
  std::span<const std::byte> protected_bytes;  // as signed: the encoded map
  std::vector<Member> protected_header;
  std::vector<Member> unprotected_header;
  std::span<const std::byte> payload;
  std::span<const std::byte> signature;
};

// Exactly one tagged message (tag 18) with an attached payload and an ES256 signature: protected
// header with algorithm -7; no label in both headers; no "crit" label, as no extension is known;
// 64-byte signature. No other algorithm is known. Errors: kMalformed.
Result<CoseSign1> ParseCoseSign1(std::span<const std::byte> bytes, std::string_view what,
                                 const Limits& limits = {});

// What is signed: Sig_structure of RFC 9052 section 4.4, without external data.
Encoding SignatureInput(std::span<const std::byte> protected_bytes,
                        std::span<const std::byte> payload);

// The tagged message.
Encoding EncodeCoseSign1(std::span<const std::byte> protected_bytes, const Encoding& unprotected,
                         std::span<const std::byte> payload, std::span<const std::byte> signature);

}  // namespace cocos::attestation::cbor
