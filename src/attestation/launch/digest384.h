// The value every launch measurement is: a SHA-384 digest.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "crypto/digest.h"

namespace cocos::attestation::launch {

using Digest384 = std::array<std::byte, 48>;

inline constexpr std::size_t kPageBytes = 4096;

// SHA-384 of one piece.
inline Digest384 Sha384Of(std::span<const std::byte> bytes) {
  Digest384 value{};
  crypto::Digest digest(crypto::DigestAlgorithm::kSha384);
  digest.Update(bytes);
  digest.FinishInto(value);
  return value;
}

}  // namespace cocos::attestation::launch
