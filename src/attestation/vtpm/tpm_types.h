// TPM structures as values of our own. TCG TPM 2.0 Library, Part 2 "Structures", revision 1.59; all
// integers big-endian. Parsers are total and consume every byte; their errors are kMalformed with a
// reason of refusal.h. Nothing here is verified.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/result.h"
#include "crypto/digest.h"
#include "crypto/key.h"

namespace cocos::attestation::vtpm {

// A PC Client TPM has PCR 0 to 23.
inline constexpr unsigned kPcrCount = 24;

// TPM_ALG_ID of a digest, and back. None for an algorithm that is unknown here.
std::uint16_t AlgorithmId(crypto::DigestAlgorithm algorithm);
std::optional<crypto::DigestAlgorithm> DigestOfAlgorithmId(std::uint16_t id);

// TPMS_PCR_SELECTION: PCRs of one bank, ascending. May select none.
struct PcrSelection {
  crypto::DigestAlgorithm bank = crypto::DigestAlgorithm::kSha256;
  std::vector<unsigned> pcrs;

  friend bool operator==(const PcrSelection&, const PcrSelection&) = default;
};

// TPMS_CLOCK_INFO.
struct ClockInfo {
  std::uint64_t clock_ms = 0;
  std::uint32_t reset_count = 0;
  std::uint32_t restart_count = 0;
  bool safe = false;
};

// TPMS_ATTEST of TPM2_Quote.
struct Attest {
  std::vector<std::byte> qualified_signer;  // name of the key in its hierarchy, not its own name
  std::vector<std::byte> extra_data;        // the nonce; 64 bytes fit, 66 with some libraries
  ClockInfo clock;
  std::uint64_t firmware_version = 0;
  std::vector<PcrSelection> selections;  // in the order of the digest; a bank occurs once
  std::vector<std::byte> pcr_digest;
};

// Without size prefix. Refuses other magics (reason bad-magic), other attestation types
// (wrong-type), unknown and repeated banks, and PCRs above 23.
Result<Attest> ParseAttest(std::span<const std::byte> bytes);

enum class SignatureScheme { kRsassa, kRsapss, kEcdsa };

// TPMT_SIGNATURE.
struct Signature {
  SignatureScheme scheme = SignatureScheme::kRsassa;
  crypto::DigestAlgorithm digest = crypto::DigestAlgorithm::kSha256;
  std::vector<std::byte> rsa;    // of the RSA schemes
  crypto::EcdsaSignature ecdsa;  // of kEcdsa
};

Result<Signature> ParseSignature(std::span<const std::byte> bytes);

// For producers that store the bare octets of an RSASSA signature. Which form it is must be known;
// it is not guessed.
Signature BareRsassaSignature(crypto::DigestAlgorithm digest, std::span<const std::byte> octets);

// TPMA_OBJECT, Part 2 section 8.3.
class ObjectAttributes {
 public:
  ObjectAttributes() = default;
  explicit ObjectAttributes(std::uint32_t bits) : bits_(bits) {}

  bool fixed_tpm() const { return Bit(1); }
  bool fixed_parent() const { return Bit(4); }
  bool sensitive_data_origin() const { return Bit(5); }
  bool restricted() const { return Bit(16); }
  bool decrypt() const { return Bit(17); }
  bool sign() const { return Bit(18); }
  std::uint32_t bits() const { return bits_; }

 private:
  bool Bit(unsigned index) const { return ((bits_ >> index) & 1) != 0; }

  std::uint32_t bits_ = 0;
};

struct RsaPublic {
  unsigned bits = 0;
  std::uint32_t exponent = 0;      // never 0: the TPM's default is filled in
  std::vector<std::byte> modulus;  // big-endian, bits / 8 bytes
};

struct EccPublic {
  crypto::Curve curve = crypto::Curve::kP256;
  std::vector<std::byte> x;  // big-endian, FieldSize(curve) bytes
  std::vector<std::byte> y;
};

// TPMT_PUBLIC of an RSA or an elliptic key.
struct PublicArea {
  crypto::DigestAlgorithm name_digest = crypto::DigestAlgorithm::kSha256;
  ObjectAttributes attributes;
  std::vector<std::byte> auth_policy;
  unsigned aes_bits = 0;  // AES in CFB mode that protects child objects; 0: none
  std::optional<SignatureScheme> scheme;
  crypto::DigestAlgorithm scheme_digest = crypto::DigestAlgorithm::kSha256;  // with a scheme only
  std::variant<RsaPublic, EccPublic> key;
  std::vector<std::byte> name;  // algorithm id and digest of the whole structure, Part 1 section 16
};

// TPMT_PUBLIC, without size prefix.
Result<PublicArea> ParsePublicArea(std::span<const std::byte> bytes);
// TPM2B_PUBLIC: the same behind its size. The size is no part of the name.
Result<PublicArea> ParseSizedPublicArea(std::span<const std::byte> bytes);
// The bytes of the TPMT_PUBLIC inside a TPM2B_PUBLIC, a view.
Result<std::span<const std::byte>> PublicAreaInside(std::span<const std::byte> sized);

// The key for the verifier. Errors: kMalformed for an RSA modulus below 2048 bits or a point that
// is not on its curve.
Result<crypto::VerifyingKey> VerifyingKeyOf(const PublicArea& area);

}  // namespace cocos::attestation::vtpm
