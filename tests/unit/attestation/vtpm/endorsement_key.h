// An endorsement key whose private half is in the test: answers challenges as a TPM does, by an
// implementation of its own.
#pragma once

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <optional>
#include <string_view>
#include <utility>

#include "attestation/vtpm/credential.h"
#include "unit/attestation/vtpm/quote_builder.h"

namespace cocos::attestation::vtpm::testing {

struct EndorsementOptions {
  crypto::DigestAlgorithm name_digest = crypto::DigestAlgorithm::kSha256;
  std::uint16_t aes_bits = 128;
  std::uint32_t attributes = kEkAttributes;
};

class EndorsementKey {
 public:
  using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
  using KeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

  static EndorsementKey Rsa(std::size_t bits, EndorsementOptions options = {}) {
    return EndorsementKey(KeyHandle(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits)), 0, options);
  }
  // `curve` as TPMs number it, `name` as OpenSSL calls it.
  static EndorsementKey Ecc(std::uint16_t curve, const char* name,
                            EndorsementOptions options = {}) {
    return EndorsementKey(KeyHandle(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", name)), curve,
                          options);
  }

  // TPMT_PUBLIC.
  Bytes Area() const {
    ByteWriter writer;
    writer.Be(std::uint16_t(IsRsa() ? 0x0001 : 0x0023)).Be(AlgorithmId(options_.name_digest));
    writer.Be(options_.attributes);
    Sized(writer, Filled(32, 0x83));
    if (options_.aes_bits == 0) {
      writer.Be(std::uint16_t{0x0010});
    } else {
      writer.Be(std::uint16_t{0x0006}).Be(options_.aes_bits).Be(std::uint16_t{0x0043});
    }
    writer.Be(std::uint16_t{0x0010});  // no scheme
    if (IsRsa()) {
      writer.Be(static_cast<std::uint16_t>(EVP_PKEY_get_bits(key_.get()))).Be(std::uint32_t{0});
      Sized(writer, Number("n", Width()));
    } else {
      writer.Be(curve_).Be(std::uint16_t{0x0010});
      Sized(writer, Number("qx", Width()));
      Sized(writer, Number("qy", Width()));
    }
    return std::move(writer).Take();
  }
  PublicArea Public() const { return ParsePublicArea(Area()).value(); }

  // What the TPM gives out if the key of this name is loaded; nothing if it refuses.
  std::optional<Bytes> Activate(const ActivationChallenge& challenge, const Bytes& name) const {
    const auto encrypted = Unsized(challenge.encrypted_secret);
    const auto blob = Unsized(challenge.credential_blob);
    const auto seed = encrypted ? Seed(*encrypted) : std::nullopt;
    if (!blob || !seed || blob->size() < 2 + DigestBytes()) return std::nullopt;
    const auto split = blob->begin() + 2 + static_cast<std::ptrdiff_t>(DigestBytes());
    const auto mac = Unsized({blob->begin(), split});
    const Bytes identity(split, blob->end());
    Bytes covered = identity;
    covered.insert(covered.end(), name.begin(), name.end());
    const Bytes mac_key = Kdf(*seed, std::string_view("INTEGRITY\0", 10), {}, DigestBytes());
    if (!mac || *mac != HmacOf(mac_key, covered)) return std::nullopt;
    const Bytes cipher_key =
        Kdf(*seed, std::string_view("STORAGE\0", 8), name, options_.aes_bits / 8U);
    return Unsized(Decrypt(cipher_key, identity));
  }

 private:
  EndorsementKey(KeyHandle key, std::uint16_t curve, EndorsementOptions options)
      : key_(std::move(key)), curve_(curve), options_(options) {
    COCOS_CHECK(key_ != nullptr);
  }

  static unsigned char* Raw(Bytes& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
  static const unsigned char* Raw(const Bytes& bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
  }

  bool IsRsa() const { return curve_ == 0; }
  // Of the modulus or a coordinate.
  std::size_t Width() const {
    return (static_cast<std::size_t>(EVP_PKEY_get_bits(key_.get())) + 7) / 8;
  }
  std::size_t DigestBytes() const { return crypto::DigestSize(options_.name_digest); }
  const EVP_MD* Method() const {
    return EVP_get_digestbyname(std::string(crypto::DigestName(options_.name_digest)).c_str());
  }

  Bytes Number(const char* name, std::size_t width) const {
    BIGNUM* number = nullptr;
    COCOS_CHECK(EVP_PKEY_get_bn_param(key_.get(), name, &number) == 1);
    Bytes bytes(width);
    COCOS_CHECK(BN_bn2binpad(number, Raw(bytes), static_cast<int>(width)) >= 0);
    BN_free(number);
    return bytes;
  }

  // The content of a TPM2B that fills all of the bytes.
  static std::optional<Bytes> Unsized(const Bytes& sized) {
    ByteReader reader(sized);
    const auto content = reader.Bytes(reader.Be<std::uint16_t>());
    if (!reader.ok() || !reader.empty()) return std::nullopt;
    return Bytes(content.begin(), content.end());
  }

  std::optional<Bytes> Seed(const Bytes& encrypted) const {
    return IsRsa() ? Decrypt(encrypted) : Agree(encrypted);
  }

  std::optional<Bytes> Decrypt(const Bytes& encrypted) const {
    const KeyContext context(EVP_PKEY_CTX_new(key_.get(), nullptr));
    COCOS_CHECK(EVP_PKEY_decrypt_init(context.get()) == 1);
    COCOS_CHECK(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1);
    COCOS_CHECK(EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), Method()) == 1);
    void* const label = OPENSSL_memdup("IDENTITY", 9);
    COCOS_CHECK(EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), label, 9) == 1);
    Bytes seed(Width());
    std::size_t size = seed.size();
    if (EVP_PKEY_decrypt(context.get(), Raw(seed), &size, Raw(encrypted), encrypted.size()) != 1) {
      return std::nullopt;
    }
    seed.resize(size);
    return seed.size() == DigestBytes() ? std::optional(seed) : std::nullopt;
  }

  // The other party's point, and the seed from what both share.
  std::optional<Bytes> Agree(const Bytes& point) const {
    ByteReader reader(point);
    const auto x = reader.Bytes(reader.Be<std::uint16_t>());
    const auto y = reader.Bytes(reader.Be<std::uint16_t>());
    if (!reader.ok() || !reader.empty()) return std::nullopt;
    const crypto::Curve curve =
        Public().key.index() == 1 ? std::get<EccPublic>(Public().key).curve : crypto::Curve::kP256;
    const auto peer = crypto::VerifyingKey::FromEcPoint(curve, x, y);
    if (!peer) return std::nullopt;
    const KeyContext context(EVP_PKEY_CTX_new(key_.get(), nullptr));
    Bytes shared(Width());
    std::size_t size = shared.size();
    COCOS_CHECK(EVP_PKEY_derive_init(context.get()) == 1);
    COCOS_CHECK(EVP_PKEY_derive_set_peer(context.get(), peer->get()) == 1);
    COCOS_CHECK(EVP_PKEY_derive(context.get(), Raw(shared), &size) == 1);
    crypto::Digest digest(options_.name_digest);
    digest.Update(crypto::HexDecode("00000001").value());
    digest.Update(shared);
    digest.Update(crypto::BytesOf(std::string_view("IDENTITY\0", 9)));
    digest.Update(x);
    digest.Update(Number("qx", Width()));
    return digest.Finish();
  }

  Bytes HmacOf(const Bytes& key, const Bytes& message) const {
    Bytes code(DigestBytes());
    COCOS_CHECK(HMAC(Method(), key.data(), static_cast<int>(key.size()), Raw(message),
                     message.size(), Raw(code), nullptr) != nullptr);
    return code;
  }

  Bytes Kdf(const Bytes& seed, std::string_view label, const Bytes& context,
            std::size_t size) const {
    ByteWriter message;
    message.Be(std::uint32_t{1}).Text(label).Bytes(context);
    message.Be(static_cast<std::uint32_t>(8 * size));
    Bytes key = HmacOf(seed, {message.view().begin(), message.view().end()});
    key.resize(size);
    return key;
  }

  Bytes Decrypt(const Bytes& key, const Bytes& sealed) const {
    const Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context(EVP_CIPHER_CTX_new());
    const Bytes zeros(16);
    Bytes text(sealed.size());
    int size = 0;
    COCOS_CHECK(EVP_DecryptInit_ex(context.get(),
                                   key.size() == 16 ? EVP_aes_128_cfb() : EVP_aes_256_cfb(),
                                   nullptr, Raw(key), Raw(zeros)) == 1);
    COCOS_CHECK(EVP_DecryptUpdate(context.get(), Raw(text), &size, Raw(sealed),
                                  static_cast<int>(sealed.size())) == 1);
    return text;
  }

  KeyHandle key_;
  std::uint16_t curve_;  // 0 for RSA
  EndorsementOptions options_;
};

}  // namespace cocos::attestation::vtpm::testing
