// Message digests and the text forms of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cocos::crypto {

enum class DigestAlgorithm { kSha1, kSha256, kSha384, kSha512, kSha3_256, kSha3_384, kSha3_512 };

// 20, 32, 48 or 64.
std::size_t DigestSize(DigestAlgorithm algorithm);
// "sha256", "sha3-256": the names of NIST and of TPM tools.
std::string_view DigestName(DigestAlgorithm algorithm);

// A digest over bytes that come in pieces. Move-only; not thread-safe.
class Digest {
 public:
  explicit Digest(DigestAlgorithm algorithm);
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  ~Digest();

  void Update(std::span<const std::byte> bytes);
  // The digest of everything so far, DigestSize bytes. The object then begins anew.
  std::vector<std::byte> Finish();
  // The same without an allocation; `value` has exactly DigestSize bytes.
  void FinishInto(std::span<std::byte> value);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Digests of one piece.
std::vector<std::byte> DigestOf(DigestAlgorithm algorithm, std::span<const std::byte> bytes);
std::vector<std::byte> Sha256(std::span<const std::byte> bytes);
std::vector<std::byte> Sha384(std::span<const std::byte> bytes);
std::vector<std::byte> Sha3_256(std::span<const std::byte> bytes);

// Whether both are the same, in a time that depends on their sizes alone.
bool EqualInConstantTime(std::span<const std::byte> a, std::span<const std::byte> b);

// The bytes of a text, for the functions above.
std::span<const std::byte> BytesOf(std::string_view text);

// Lower-case hexadecimal.
std::string HexEncode(std::span<const std::byte> bytes);
// Errors: kMalformed for an odd length or anything but hexadecimal digits.
Result<std::vector<std::byte>> HexDecode(std::string_view text);

// Standard base64 with padding (RFC 4648 section 4).
std::string Base64Encode(std::span<const std::byte> bytes);
// Strict: padding required, no white space, no bits beyond the value. Errors: kMalformed.
Result<std::vector<std::byte>> Base64Decode(std::string_view text);

}  // namespace cocos::crypto
