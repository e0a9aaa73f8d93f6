#include "crypto/key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <limits>

#include "base/handle.h"
#include "crypto/openssl.h"
#include "crypto/x509_fields.h"

namespace cocos::crypto {
namespace {

using BnHandle = Handle<BIGNUM, BN_free>;
using KeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using ParamBuilder = Handle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Handle<OSSL_PARAM, OSSL_PARAM_free>;
using EcdsaSig = Handle<ECDSA_SIG, ECDSA_SIG_free>;

struct CurveNames {
  Curve curve;
  const char* openssl_name;
  std::size_t field_size;
};

constexpr std::array<CurveNames, 3> kCurves = {{
    {Curve::kP256, "prime256v1", 32},
    {Curve::kP384, "secp384r1", 48},
    {Curve::kP521, "secp521r1", 66},
}};

const CurveNames& NamesOf(Curve curve) { return kCurves[static_cast<std::size_t>(curve)]; }

std::shared_ptr<EVP_PKEY> Share(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

tl::unexpected<Error> Malformed(std::string_view what) {
  ERR_clear_error();
  return tl::unexpected(Error(ErrorCode::kMalformed, std::string(what)));
}

tl::unexpected<Error> BadSignature(std::string_view what) {
  ERR_clear_error();
  return tl::unexpected(Error(ErrorCode::kUntrusted, std::string(what)));
}

Result<VerifyingKey> KeyFromParams(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return Malformed("public key: not one of its kind");
  }
  return VerifyingKey(Share(key));
}

std::optional<Curve> CurveOf(EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return std::nullopt;
  std::array<char, 64> name{};
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) != 1) return std::nullopt;
  for (const CurveNames& known : kCurves) {
    if (std::string_view(name.data()) == known.openssl_name) return known.curve;
  }
  return std::nullopt;
}

// OpenSSL takes ECDSA signatures in DER only.
Result<std::vector<unsigned char>> DerOf(const EcdsaSignature& signature, std::size_t field_size) {
  if (signature.r.size() > field_size || signature.s.size() > field_size) {
    return BadSignature("ECDSA signature: r or s is longer than the curve allows");
  }
  const auto number = [](const std::vector<std::byte>& bytes) {
    return BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                     static_cast<int>(bytes.size()), nullptr);
  };
  const EcdsaSig parts(ECDSA_SIG_new());
  COCOS_CHECK(parts != nullptr &&
              ECDSA_SIG_set0(parts.get(), number(signature.r), number(signature.s)) == 1);
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &der);
  COCOS_CHECK(size > 0);
  std::vector<unsigned char> bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

std::vector<std::byte> FieldBytes(const BIGNUM* number, std::size_t size) {
  std::vector<std::byte> bytes(size);
  COCOS_CHECK(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
                           static_cast<int>(size)) == static_cast<int>(size));
  return bytes;
}

enum class RsaPadding { kNone, kPkcs1, kPss };

Result<void> VerifyDigest(EVP_PKEY* key, DigestAlgorithm algorithm, RsaPadding padding,
                          std::span<const std::byte> message,
                          std::span<const unsigned char> signature) {
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  COCOS_CHECK(context != nullptr);
  ERR_clear_error();
  bool ready =
      EVP_DigestVerifyInit(context.get(), &key_context, DigestMethod(algorithm), nullptr, key) == 1;
  if (padding == RsaPadding::kPkcs1) {
    ready = ready && EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PADDING) == 1;
  } else if (padding == RsaPadding::kPss) {
    ready = ready && EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_AUTO) == 1;
  }
  if (!ready) return BadSignature("signature: the key cannot be used for it");
  if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), Octets(message),
                       message.size()) != 1) {
    return BadSignature("signature: not made by this key over these bytes");
  }
  return {};
}

}  // namespace

std::size_t FieldSize(Curve curve) { return NamesOf(curve).field_size; }

Result<VerifyingKey> VerifyingKey::FromSpkiDer(std::span<const std::byte> der) {
  const unsigned char* position = Octets(der);
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &position, static_cast<long>(der.size()));
  if (key == nullptr) return Malformed("public key: not a SubjectPublicKeyInfo");
  VerifyingKey owned(Share(key));
  if (position != Octets(der) + der.size()) return Malformed("public key: bytes behind it");
  return owned;
}

Result<VerifyingKey> VerifyingKey::FromPem(std::string_view pem) {
  const BioHandle bio = COCOS_TRY(OpenMemory(pem));
  if (pem.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos) {
    const X509Handle certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
    EVP_PKEY* key = certificate ? X509_get_pubkey(certificate.get()) : nullptr;
    if (key == nullptr) return Malformed("public key: the certificate does not parse");
    return VerifyingKey(Share(key));
  }
  EVP_PKEY* key = PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassphrase, nullptr);
  if (key == nullptr) return Malformed("public key: want a PEM block PUBLIC KEY or CERTIFICATE");
  return VerifyingKey(Share(key));
}

Result<VerifyingKey> VerifyingKey::FromEcPoint(Curve curve, std::span<const std::byte> x,
                                               std::span<const std::byte> y) {
  const CurveNames& names = NamesOf(curve);
  if (x.size() != names.field_size || y.size() != names.field_size) {
    return Fail(ErrorCode::kMalformed, "public key: coordinates of {} and {} bytes, want {}",
                x.size(), y.size(), names.field_size);
  }
  std::vector<std::byte> point = {std::byte{4}};  // uncompressed
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  COCOS_CHECK(builder != nullptr);
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, names.openssl_name, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  VerifyingKey key = COCOS_TRY(KeyFromParams("EC", builder.get()));
  // The quick check leaves out that the order of the group times the point is infinity. On these
  // curves that holds for every point: their cofactor is 1.
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!check || EVP_PKEY_public_check_quick(check.get()) != 1) {
    return Malformed("public key: the point is not on the curve");
  }
  return key;
}

Result<VerifyingKey> VerifyingKey::FromRsa(std::span<const std::byte> modulus,
                                           std::uint32_t exponent) {
  constexpr int kMinBits = 2048;
  constexpr int kMaxBits = 8192;
  const BnHandle n(modulus.size() > kMaxBits / 8
                       ? nullptr
                       : BN_bin2bn(Octets(modulus), static_cast<int>(modulus.size()), nullptr));
  const BnHandle e(BN_new());
  COCOS_CHECK(e != nullptr);
  BN_set_word(e.get(), exponent);
  const int bits = n ? BN_num_bits(n.get()) : 0;
  if (bits < kMinBits || !BN_is_odd(n.get())) {
    return Fail(ErrorCode::kMalformed, "public key: RSA modulus of {} bytes, want {} to {} bits",
                modulus.size(), kMinBits, kMaxBits);
  }
  if (exponent < 3 || exponent % 2 == 0) {
    return Fail(ErrorCode::kMalformed, "public key: RSA exponent {}, want an odd one above 2",
                exponent);
  }
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  COCOS_CHECK(builder != nullptr);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return KeyFromParams("RSA", builder.get());
}

std::optional<Curve> VerifyingKey::curve() const { return CurveOf(key_.get()); }

unsigned VerifyingKey::rsa_bits() const {
  if (EVP_PKEY_get_base_id(key_.get()) != EVP_PKEY_RSA) return 0;
  return static_cast<unsigned>(EVP_PKEY_get_bits(key_.get()));
}

std::vector<std::byte> VerifyingKey::SpkiDer() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  COCOS_CHECK(size > 0);
  const auto* const begin = reinterpret_cast<const std::byte*>(der);
  std::vector<std::byte> bytes(begin, begin + size);
  OPENSSL_free(der);
  return bytes;
}

Result<std::vector<std::byte>> VerifyingKey::EcPoint() const {
  const std::optional<Curve> known = curve();
  if (!known) return Fail(ErrorCode::kInvalidArgument, "public key: not on P-256, P-384 or P-521");
  BIGNUM* x = nullptr;
  BIGNUM* y = nullptr;
  COCOS_CHECK(EVP_PKEY_get_bn_param(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1);
  const BnHandle owned_x(x);
  COCOS_CHECK(EVP_PKEY_get_bn_param(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1);
  const BnHandle owned_y(y);
  std::vector<std::byte> point = FieldBytes(x, FieldSize(*known));
  const std::vector<std::byte> second = FieldBytes(y, FieldSize(*known));
  point.insert(point.end(), second.begin(), second.end());
  return point;
}

Result<void> VerifyingKey::VerifyEcdsa(DigestAlgorithm algorithm,
                                       std::span<const std::byte> message,
                                       const EcdsaSignature& signature) const {
  const std::optional<Curve> known = curve();
  if (!known) return BadSignature("signature: the key is not on P-256, P-384 or P-521");
  const std::vector<unsigned char> der = COCOS_TRY(DerOf(signature, FieldSize(*known)));
  return VerifyDigest(key_.get(), algorithm, RsaPadding::kNone, message, der);
}

Result<void> VerifyingKey::VerifyRsaPkcs1(DigestAlgorithm algorithm,
                                          std::span<const std::byte> message,
                                          std::span<const std::byte> signature) const {
  if (rsa_bits() == 0) return BadSignature("signature: the key is not RSA");
  return VerifyDigest(key_.get(), algorithm, RsaPadding::kPkcs1, message,
                      {Octets(signature), signature.size()});
}

Result<void> VerifyingKey::VerifyRsaPss(DigestAlgorithm algorithm,
                                        std::span<const std::byte> message,
                                        std::span<const std::byte> signature) const {
  if (rsa_bits() == 0) return BadSignature("signature: the key is not RSA");
  return VerifyDigest(key_.get(), algorithm, RsaPadding::kPss, message,
                      {Octets(signature), signature.size()});
}

Result<SigningKey> SigningKey::FromPem(std::string_view pem) {
  const BioHandle bio = COCOS_TRY(OpenMemory(pem));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr);
  if (key == nullptr) {
    return Malformed("private key: want PKCS#8 or SEC1 in PEM form without a passphrase");
  }
  const auto owned = Share(key);
  const std::optional<Curve> curve = CurveOf(key);
  if (!curve) {
    return Fail(ErrorCode::kInvalidArgument, "private key: want one on P-256, P-384 or P-521");
  }
  return SigningKey(owned, *curve);
}

SigningKey SigningKey::Generate(Curve curve) {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", NamesOf(curve).openssl_name);
  COCOS_CHECK(key != nullptr);
  return {Share(key), curve};
}

std::string SigningKey::ToPem() const {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  COCOS_CHECK(bio != nullptr && PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr,
                                                              nullptr, 0, nullptr, nullptr) == 1);
  return BioText(bio.get());
}

Result<EcdsaSignature> SigningKey::SignEcdsa(DigestAlgorithm algorithm,
                                             std::span<const std::byte> message) const {
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
  std::vector<unsigned char> der(size);
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, DigestMethod(algorithm), nullptr, key_.get()) !=
          1 ||
      EVP_DigestSign(context.get(), der.data(), &size, Octets(message), message.size()) != 1) {
    ERR_clear_error();
    return Fail(ErrorCode::kInternal, "sign with a private key: OpenSSL refuses");
  }
  const unsigned char* position = der.data();
  const EcdsaSig parts(d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(size)));
  COCOS_CHECK(parts != nullptr);
  const std::size_t field_size = FieldSize(curve_);
  return EcdsaSignature{FieldBytes(ECDSA_SIG_get0_r(parts.get()), field_size),
                        FieldBytes(ECDSA_SIG_get0_s(parts.get()), field_size)};
}

}  // namespace cocos::crypto
