// TPM structures made in the test: a software TPM's answers without a TPM.
#pragma once

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <cstdint>
#include <random>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "attestation/vtpm/policy.h"
#include "attestation/vtpm/quote.h"
#include "attestation/vtpm/tpm_types.h"
#include "base/byte_reader.h"
#include "base/handle.h"
#include "crypto/digest.h"
#include "crypto/key.h"

namespace cocos::attestation::vtpm::testing {

using Bytes = std::vector<std::byte>;

inline constexpr std::uint32_t kAkAttributes = 0x00050072;
inline constexpr std::uint32_t kEkAttributes = 0x000300b2;

// Numbers that look random and are the same in each run.
class Numbers {
 public:
  explicit Numbers(unsigned seed) : engine_(seed) {}
  // From 0 to limit - 1.
  unsigned Below(unsigned limit) { return static_cast<unsigned>(engine_() % limit); }

 private:
  std::mt19937 engine_;
};

inline Bytes Filled(std::size_t size, int value) {
  return Bytes(size, static_cast<std::byte>(value));
}

inline Bytes BytesOf(std::string_view text) {
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

// TPM2B: a size and as many bytes.
inline ByteWriter& Sized(ByteWriter& writer, std::span<const std::byte> bytes) {
  return writer.Be(static_cast<std::uint16_t>(bytes.size())).Bytes(bytes);
}

struct RawSelection {
  std::uint16_t bank = 0x000b;
  Bytes bitmap;
};

inline Bytes Bitmap(std::initializer_list<unsigned> pcrs, std::size_t size = 3) {
  Bytes bitmap(size);
  for (const unsigned pcr : pcrs) bitmap[pcr / 8] |= static_cast<std::byte>(1U << (pcr % 8));
  return bitmap;
}

// A TPMS_ATTEST, field by field; what is not set is as a TPM would set it.
struct RawAttest {
  std::uint32_t magic = 0xff544347;
  std::uint16_t type = 0x8018;
  Bytes signer = Filled(34, 0x5a);
  Bytes extra_data = Filled(32, 0x11);
  std::uint8_t safe = 1;
  std::vector<RawSelection> selections = {{0x000b, Bitmap({0, 7})}};
  Bytes pcr_digest = Filled(32, 0x22);

  Bytes Write() const {
    ByteWriter writer;
    writer.Be(magic).Be(type);
    Sized(writer, signer);
    Sized(writer, extra_data);
    writer.Be(std::uint64_t{1000}).Be(std::uint32_t{3}).Be(std::uint32_t{4}).Be(safe);
    writer.Be(std::uint64_t{0x20191023});
    writer.Be(static_cast<std::uint32_t>(selections.size()));
    for (const RawSelection& selection : selections) {
      writer.Be(selection.bank).Be(static_cast<std::uint8_t>(selection.bitmap.size()));
      writer.Bytes(selection.bitmap);
    }
    Sized(writer, pcr_digest);
    return std::move(writer).Take();
  }
};

// TPMT_PUBLIC of an elliptic key.
struct RawEcc {
  std::uint16_t name_digest = 0x000b;
  std::uint32_t attributes = kAkAttributes;
  Bytes policy;
  std::uint16_t symmetric = 0x0010;
  std::uint16_t scheme = 0x0018;
  std::uint16_t scheme_digest = 0x000b;
  std::uint16_t curve = 0x0003;
  std::uint16_t kdf = 0x0010;
  Bytes x;
  Bytes y;

  Bytes Write() const {
    ByteWriter writer;
    writer.Be(std::uint16_t{0x0023}).Be(name_digest).Be(attributes);
    Sized(writer, policy).Be(symmetric).Be(scheme);
    if (scheme != 0x0010) writer.Be(scheme_digest);
    writer.Be(curve).Be(kdf);
    if (kdf != 0x0010) writer.Be(std::uint16_t{0x000b});
    Sized(writer, x);
    Sized(writer, y);
    return std::move(writer).Take();
  }
};

// TPMT_PUBLIC of an RSA key.
struct RawRsa {
  std::uint32_t attributes = kAkAttributes;
  Bytes policy;
  Bytes symmetric = {std::byte{0x00}, std::byte{0x10}};
  std::uint16_t scheme = 0x0014;
  std::uint16_t scheme_digest = 0x000b;
  std::uint16_t bits = 2048;
  std::uint32_t exponent = 0;
  Bytes modulus;

  Bytes Write() const {
    ByteWriter writer;
    writer.Be(std::uint16_t{0x0001}).Be(std::uint16_t{0x000b}).Be(attributes);
    Sized(writer, policy).Bytes(symmetric).Be(scheme);
    if (scheme != 0x0010) writer.Be(scheme_digest);
    writer.Be(bits).Be(exponent);
    Sized(writer, modulus);
    return std::move(writer).Take();
  }
};

// An attestation key on P-256 or P-384 that signs what it is given, as no TPM does.
class EccTpm {
 public:
  explicit EccTpm(crypto::Curve curve = crypto::Curve::kP256)
      : key_(crypto::SigningKey::Generate(curve)) {}

  RawEcc Raw() const {
    const Bytes point = key_.public_key().EcPoint().value();
    const std::size_t size = point.size() / 2;
    RawEcc raw;
    raw.x.assign(point.begin(), point.begin() + static_cast<std::ptrdiff_t>(size));
    raw.y.assign(point.begin() + static_cast<std::ptrdiff_t>(size), point.end());
    if (key_.curve() == crypto::Curve::kP384) {
      raw.curve = 0x0004;
      raw.scheme_digest = raw.name_digest = 0x000c;
    }
    return raw;
  }

  AttestationKey Key() const {
    return AttestationKey::FromPublicArea(ParsePublicArea(Raw().Write()).value()).value();
  }
  crypto::VerifyingKey PublicKey() const { return key_.public_key(); }

  // TPMT_SIGNATURE.
  Bytes Sign(std::span<const std::byte> attest,
             crypto::DigestAlgorithm digest = crypto::DigestAlgorithm::kSha256) const {
    const auto signature = key_.SignEcdsa(digest, attest).value();
    ByteWriter writer;
    writer.Be(std::uint16_t{0x0018}).Be(AlgorithmId(digest));
    Sized(writer, signature.r);
    Sized(writer, signature.s);
    return std::move(writer).Take();
  }

 private:
  crypto::SigningKey key_;
};

// The same with RSA.
class RsaTpm {
 public:
  explicit RsaTpm(unsigned bits = 2048)
      : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits))),
        bits_(bits) {}

  RawRsa Raw() const {
    BIGNUM* modulus = nullptr;
    COCOS_CHECK(EVP_PKEY_get_bn_param(key_.get(), "n", &modulus) == 1);
    RawRsa raw;
    raw.bits = static_cast<std::uint16_t>(bits_);
    raw.modulus.resize(bits_ / 8);
    BN_bn2binpad(modulus, reinterpret_cast<unsigned char*>(raw.modulus.data()),
                 static_cast<int>(raw.modulus.size()));
    BN_free(modulus);
    return raw;
  }

  // The octets of a signature with this padding and, for PSS, salt length.
  Bytes SignBare(std::span<const std::byte> message, int padding = RSA_PKCS1_PADDING,
                 int salt = RSA_PSS_SALTLEN_DIGEST, const EVP_MD* digest = EVP_sha256()) const {
    Handle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr;
    COCOS_CHECK(EVP_DigestSignInit(context.get(), &options, digest, nullptr, key_.get()) == 1);
    COCOS_CHECK(EVP_PKEY_CTX_set_rsa_padding(options, padding) == 1);
    if (padding == RSA_PKCS1_PSS_PADDING) {
      COCOS_CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, salt) == 1);
    }
    Bytes signature(bits_ / 8);
    std::size_t size = signature.size();
    COCOS_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                               &size, reinterpret_cast<const unsigned char*>(message.data()),
                               message.size()) == 1);
    return signature;
  }

 private:
  Handle<EVP_PKEY, EVP_PKEY_free> key_;
  unsigned bits_;
};

// TPMT_SIGNATURE around octets of RSA.
inline Bytes RsaSignature(std::uint16_t scheme, std::uint16_t digest,
                          std::span<const std::byte> octets) {
  ByteWriter writer;
  writer.Be(scheme).Be(digest);
  Sized(writer, octets);
  return std::move(writer).Take();
}

// Value of a PCR that tells bank and index apart.
inline Bytes PcrValue(crypto::DigestAlgorithm bank, unsigned index) {
  Bytes value = Filled(crypto::DigestSize(bank), static_cast<int>(0x40 + index));
  value.front() = static_cast<std::byte>(AlgorithmId(bank));
  return value;
}

inline PcrValues Pcrs(crypto::DigestAlgorithm bank, std::initializer_list<unsigned> indexes) {
  PcrValues values;
  for (const unsigned index : indexes) values[bank][index] = PcrValue(bank, index);
  return values;
}

// The digest of values, in the order given.
inline Bytes DigestOfPcrs(crypto::DigestAlgorithm algorithm, const std::vector<Bytes>& values) {
  crypto::Digest digest(algorithm);
  for (const Bytes& value : values) digest.Update(value);
  return digest.Finish();
}

}  // namespace cocos::attestation::vtpm::testing
