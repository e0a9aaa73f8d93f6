// The ID block, by which the owner of a guest signs what it must look like at launch, and the ID
// authentication block that carries keys and signatures. AMD 56860 (SEV-SNP firmware ABI),
// structures ID_BLOCK and ID_AUTH_INFO. Keys are on P-384; signatures ECDSA with SHA-384.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "attestation/igvm/file.h"
#include "attestation/launch/digest384.h"
#include "base/result.h"
#include "crypto/key.h"

namespace cocos::attestation::launch {

inline constexpr std::size_t kIdBlockSize = 96;
inline constexpr std::size_t kIdAuthSize = 4096;
inline constexpr std::size_t kIdKeySize = 0x404;

struct IdBlock {
  Digest384 launch_digest{};
  std::array<std::byte, 16> family_id{};
  std::array<std::byte, 16> image_id{};
  std::uint32_t guest_svn = 0;
  std::uint64_t guest_policy = 0;

  friend bool operator==(const IdBlock&, const IdBlock&) = default;
};

std::array<std::byte, kIdBlockSize> EncodeIdBlock(const IdBlock& block);
// Errors: kMalformed for another size or version.
Result<IdBlock> ParseIdBlock(std::span<const std::byte> bytes);

// As the structures carry them: numbers little-endian in 72 bytes.
struct IdSignature {
  std::array<std::byte, 72> r{};
  std::array<std::byte, 72> s{};

  friend bool operator==(const IdSignature&, const IdSignature&) = default;
};
struct IdKey {
  std::array<std::byte, 72> x{};
  std::array<std::byte, 72> y{};

  friend bool operator==(const IdKey&, const IdKey&) = default;
};

// The author's key vouches for the ID key.
struct IdAuthor {
  IdSignature id_key_signature;
  IdKey key;

  friend bool operator==(const IdAuthor&, const IdAuthor&) = default;
};

struct IdAuth {
  IdSignature id_block_signature;
  IdKey id_key;
  std::optional<IdAuthor> author;

  friend bool operator==(const IdAuth&, const IdAuth&) = default;
};

std::array<std::byte, kIdAuthSize> EncodeIdAuth(const IdAuth& auth);
// An author is absent when its key and signature are zero throughout.
// Errors: kMalformed for another size, algorithm or curve, and reserved bytes that are not zero.
Result<IdAuth> ParseIdAuth(std::span<const std::byte> bytes);

// Errors: kInvalidArgument for keys that are not on P-384.
Result<IdKey> IdKeyOf(const crypto::VerifyingKey& key);
// Errors: kMalformed for numbers that are not a point of P-384.
Result<crypto::VerifyingKey> VerifyingKeyOf(const IdKey& key);
// The digest by which reports name the key: SHA-384 of its 0x404 bytes.
Digest384 IdKeyDigest(const IdKey& key);

// Signs the block, and the ID key where there is an author. ECDSA is randomised: every call gives
// other bytes. Errors: kInvalidArgument for keys that are not on P-384; kInternal.
Result<IdAuth> SignIdBlock(const IdBlock& block, const crypto::SigningKey& id_key,
                           const std::optional<crypto::SigningKey>& author_key);

// An ID block whose signatures verify. Says nothing about whose keys they are.
class VerifiedIdBlock {
 public:
  const IdBlock& block() const { return block_; }
  const Digest384& id_key_digest() const { return id_key_digest_; }
  const std::optional<Digest384>& author_key_digest() const { return author_key_digest_; }

  // What the firmware demands of a launch. Errors: kUntrusted, "id_block_mismatch".
  Result<void> CheckLaunch(const Digest384& launch_digest, std::uint64_t guest_policy) const;

 private:
  friend Result<VerifiedIdBlock> VerifyIdBlock(const IdBlock& block, const IdAuth& auth);
  VerifiedIdBlock() = default;

  IdBlock block_;
  Digest384 id_key_digest_{};
  std::optional<Digest384> author_key_digest_;
};

// Errors: kMalformed for a key that is no point of the curve; kUntrusted, "id_block_signature".
Result<VerifiedIdBlock> VerifyIdBlock(const IdBlock& block, const IdAuth& auth);

// The same for the form inside an IGVM file, which leaves the policy to another header.
// Errors: also kMalformed for another version, algorithm or curve.
Result<VerifiedIdBlock> VerifyIgvmIdBlock(const igvm::SnpIdBlock& block,
                                          std::uint64_t guest_policy);

}  // namespace cocos::attestation::launch
