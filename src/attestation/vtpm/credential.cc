#include "attestation/vtpm/credential.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "attestation/vtpm/binding.h"
#include "attestation/vtpm/refusal.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"
#include "crypto/key_transport.h"

namespace cocos::attestation::vtpm {

namespace {

using crypto::DigestAlgorithm;
using Octets = std::vector<std::byte>;

// Labels end with a NUL, which is part of what is hashed.
constexpr std::string_view kIdentity{"IDENTITY\0", 9};
constexpr std::string_view kStorage{"STORAGE\0", 8};
constexpr std::string_view kIntegrity{"INTEGRITY\0", 10};
constexpr std::uint32_t kFirstBlock = 1;

// TPM2B: a size and as many bytes.
Octets Sized(std::span<const std::byte> bytes) {
  ByteWriter writer;
  writer.Be(static_cast<std::uint16_t>(bytes.size())).Bytes(bytes);
  return std::move(writer).Take();
}

Octets Joined(std::span<const std::byte> first, std::span<const std::byte> second) {
  ByteWriter writer;
  writer.Bytes(first).Bytes(second);
  return std::move(writer).Take();
}

// Part 1, KDFa: SP 800-108 in counter mode. One block is all that is ever needed here: the smallest
// digest accepted has the size of the largest key.
Octets KdfA(DigestAlgorithm digest, std::span<const std::byte> key, std::string_view label,
            std::span<const std::byte> context, std::size_t size) {
  COCOS_CHECK(size <= crypto::DigestSize(digest));
  ByteWriter message;
  message.Be(kFirstBlock).Text(label).Bytes(context).Be(static_cast<std::uint32_t>(8 * size));
  Octets derived = crypto::Hmac(digest, key, message.view());
  derived.resize(size);
  return derived;
}

// Part 1, KDFe: SP 800-56A's concatenation. The size of the digest is what is asked for: one block.
Octets KdfE(DigestAlgorithm digest, std::span<const std::byte> shared, std::string_view label,
            std::span<const std::byte> party_u, std::span<const std::byte> party_v) {
  ByteWriter message;
  message.Be(kFirstBlock).Bytes(shared).Text(label).Bytes(party_u).Bytes(party_v);
  return crypto::DigestOf(digest, message.view());
}

// A seed that the TPM shares, and what the TPM needs to find it.
struct SharedSeed {
  Octets seed;
  Octets encrypted;  // without size prefix
};

// Part 1, annex B: a random seed, encrypted.
Result<SharedSeed> ShareByRsa(const crypto::VerifyingKey& key, DigestAlgorithm digest) {
  SharedSeed shared;
  shared.seed = crypto::RandomSecret(crypto::DigestSize(digest));
  shared.encrypted = COCOS_TRY(crypto::RsaOaepEncrypt(key, digest, kIdentity, shared.seed));
  return shared;
}

// Part 1, annex C: the seed comes from a one-time exchange, whose point (TPMS_ECC_POINT) is sent.
Result<SharedSeed> ShareByExchange(const crypto::VerifyingKey& key, const EccPublic& area,
                                   DigestAlgorithm digest) {
  const auto exchange = COCOS_TRY(crypto::ExchangeOnce(key));
  const auto point = std::span(exchange.point);
  const auto x = point.first(point.size() / 2);
  const auto y = point.last(point.size() / 2);
  SharedSeed shared;
  shared.seed = KdfE(digest, exchange.secret, kIdentity, x, area.x);
  shared.encrypted = Joined(Sized(x), Sized(y));
  return shared;
}

Result<SharedSeed> Share(const PublicArea& endorsement_key) {
  const auto key = VerifyingKeyOf(endorsement_key);
  if (!key) return Refuse(reason::kWeakKey, "endorsement key: {}", key.error().message());
  if (const auto* ecc = std::get_if<EccPublic>(&endorsement_key.key)) {
    return ShareByExchange(*key, *ecc, endorsement_key.name_digest);
  }
  return ShareByRsa(*key, endorsement_key.name_digest);
}

Result<void> CheckInputs(const PublicArea& endorsement_key, const AttestationKey& attestation_key,
                         std::span<const std::byte> secret) {
  COCOS_TRY(CheckEndorsementKey(endorsement_key));
  if (endorsement_key.aes_bits == 0) {
    return Refuse(reason::kKeyNotRestricted, "endorsement key: no cipher, want AES in CFB mode");
  }
  if (endorsement_key.name_digest == DigestAlgorithm::kSha1) {
    return Refuse(reason::kWeakDigest, "endorsement key: name: SHA-1");
  }
  if (attestation_key.name().empty()) {
    return Fail(ErrorCode::kInvalidArgument, "attestation key: no name, want one of a public area");
  }
  const std::size_t max = crypto::DigestSize(endorsement_key.name_digest);
  if (secret.size() < kMinActivationSecretBytes || secret.size() > max) {
    return Fail(ErrorCode::kInvalidArgument, "activation secret: {} bytes, want {} to {}",
                secret.size(), kMinActivationSecretBytes, max);
  }
  return {};
}

}  // namespace

Result<ActivationChallenge> MakeCredential(const PublicArea& endorsement_key,
                                           const AttestationKey& attestation_key,
                                           std::span<const std::byte> secret) {
  COCOS_TRY(CheckInputs(endorsement_key, attestation_key, secret));
  const DigestAlgorithm digest = endorsement_key.name_digest;
  const auto& name = attestation_key.name();
  const SharedSeed shared = COCOS_TRY(Share(endorsement_key));
  const Octets cipher_key = KdfA(digest, shared.seed, kStorage, name, endorsement_key.aes_bits / 8);
  const Octets identity = COCOS_TRY(crypto::AesCfbEncryptOnce(cipher_key, Sized(secret)));
  const Octets mac_key = KdfA(digest, shared.seed, kIntegrity, {}, crypto::DigestSize(digest));
  const Octets mac = crypto::Hmac(digest, mac_key, Joined(identity, name));
  ActivationChallenge challenge;
  challenge.credential_blob = Sized(Joined(Sized(mac), identity));
  challenge.encrypted_secret = Sized(shared.encrypted);
  return challenge;
}

Result<void> CheckActivation(std::span<const std::byte> secret, std::span<const std::byte> answer) {
  // An empty secret is nobody's proof.
  if (!secret.empty() && crypto::EqualInConstantTime(secret, answer)) return {};
  return Refuse(reason::kBindingMismatch,
                "credential activation: the answer of {} bytes is not the secret of {}",
                answer.size(), secret.size());
}

}  // namespace cocos::attestation::vtpm
