// Public keys of hardware, certificates and signers, and what they signed; private keys for what we
// sign ourselves. Total: any bytes give a value or an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/digest.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY; only src/crypto looks inside

namespace cocos::crypto {

enum class Curve { kP256, kP384, kP521 };

// Bytes of a coordinate or of a signature's r or s: 32, 48 or 66.
std::size_t FieldSize(Curve curve);

// r and s, big-endian, at most FieldSize bytes each; leading zeros do not matter.
struct EcdsaSignature {
  std::vector<std::byte> r;
  std::vector<std::byte> s;
};

// A public key. Copies share one immutable key; thread-safe.
class VerifyingKey {
 public:
  // A SubjectPublicKeyInfo and nothing behind it. Errors: kMalformed.
  static Result<VerifyingKey> FromSpkiDer(std::span<const std::byte> der);
  // The PEM block "PUBLIC KEY" or, taking its key, "CERTIFICATE". Errors: kMalformed.
  static Result<VerifyingKey> FromPem(std::string_view pem);
  // Coordinates, big-endian, FieldSize bytes each. Errors: kMalformed, also for a point that is not
  // on the curve.
  static Result<VerifyingKey> FromEcPoint(Curve curve, std::span<const std::byte> x,
                                          std::span<const std::byte> y);
  // Modulus big-endian, 2048 to 8192 bits; exponent odd and above 2. Errors: kMalformed.
  static Result<VerifyingKey> FromRsa(std::span<const std::byte> modulus, std::uint32_t exponent);

  // None for a key that is not elliptic, or on another curve than the three.
  std::optional<Curve> curve() const;
  // 0 for a key that is not RSA.
  unsigned rsa_bits() const;
  std::vector<std::byte> SpkiDer() const;
  // Coordinates as FromEcPoint takes them, x then y. Errors: kInvalidArgument for other keys.
  Result<std::vector<std::byte>> EcPoint() const;

  // The signature is one over `message` by this key. Errors: kUntrusted, also for a key of another
  // kind and for r or s that are zero or not below the group's order.
  Result<void> VerifyEcdsa(DigestAlgorithm algorithm, std::span<const std::byte> message,
                           const EcdsaSignature& signature) const;
  // RSASSA-PKCS1-v1_5. Errors: kUntrusted.
  Result<void> VerifyRsaPkcs1(DigestAlgorithm algorithm, std::span<const std::byte> message,
                              std::span<const std::byte> signature) const;
  // RSASSA-PSS, MGF1 with the same digest, salt of any length. Errors: kUntrusted.
  Result<void> VerifyRsaPss(DigestAlgorithm algorithm, std::span<const std::byte> message,
                            std::span<const std::byte> signature) const;

  // For src/crypto alone.
  explicit VerifyingKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  evp_pkey_st* get() const { return key_.get(); }

 private:
  std::shared_ptr<evp_pkey_st> key_;
};

// A private key on P-256, P-384 or P-521. Copies share one immutable key; thread-safe.
class SigningKey {
 public:
  // PKCS#8 or SEC1, not encrypted. Errors: kMalformed; kInvalidArgument for a key of another kind.
  static Result<SigningKey> FromPem(std::string_view pem);
  static SigningKey Generate(Curve curve);

  Curve curve() const { return curve_; }
  VerifyingKey public_key() const { return VerifyingKey(key_); }
  // PKCS#8, not encrypted. A secret.
  std::string ToPem() const;
  // r and s with exactly FieldSize bytes each. Errors: kInternal.
  Result<EcdsaSignature> SignEcdsa(DigestAlgorithm algorithm,
                                   std::span<const std::byte> message) const;

  // For src/crypto alone.
  evp_pkey_st* get() const { return key_.get(); }

 private:
  SigningKey(std::shared_ptr<evp_pkey_st> key, Curve curve) : key_(std::move(key)), curve_(curve) {}

  std::shared_ptr<evp_pkey_st> key_;
  Curve curve_;
};

}  // namespace cocos::crypto
