#include "crypto/public_key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <limits>

#include "base/handle.h"
#include "crypto/digest.h"

namespace cocos::crypto {
namespace {

using BioHandle = Handle<BIO, BIO_free>;
using PkeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
using ContextHandle = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;

const unsigned char* Data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

bool IsUserKeyType(const EVP_PKEY* key) {
  const int type = EVP_PKEY_get_base_id(key);
  return type == EVP_PKEY_RSA || type == EVP_PKEY_EC || type == EVP_PKEY_ED25519;
}

Result<PkeyHandle> ParseDer(std::string_view der) {
  const unsigned char* position = Data(der);
  PkeyHandle key(d2i_PUBKEY(nullptr, &position, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!key || position != Data(der) + der.size()) {
    return Fail(ErrorCode::kMalformed, "user key: {} bytes that are no public key in DER form",
                der.size());
  }
  if (!IsUserKeyType(key.get())) {
    return Fail(ErrorCode::kMalformed, "user key: {}, want RSA, ECDSA or Ed25519",
                EVP_PKEY_get0_type_name(key.get()));
  }
  return key;
}

}  // namespace

Result<std::string> PublicKeyDer(std::string_view pem) {
  if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Fail(ErrorCode::kMalformed, "public key of {} bytes is too long", pem.size());
  }
  const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const PkeyHandle key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!key) {
    return Fail(ErrorCode::kMalformed, "no PEM public key, want a block \"PUBLIC KEY\" (PKIX)");
  }
  if (!IsUserKeyType(key.get())) {
    return Fail(ErrorCode::kInvalidArgument, "{} key, want RSA, ECDSA or Ed25519",
                EVP_PKEY_get0_type_name(key.get()));
  }
  std::string der(static_cast<std::size_t>(i2d_PUBKEY(key.get(), nullptr)), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_PUBKEY(key.get(), &out);
  return der;
}

Result<void> CheckPublicKeyDer(std::string_view der) {
  COCOS_TRY(ParseDer(der));
  return {};
}

Result<void> VerifyTextSignature(std::string_view key_der, std::string_view text,
                                 std::string_view signature_base64) {
  const PkeyHandle key = COCOS_TRY(ParseDer(key_der));
  const auto signature = COCOS_TRY(Base64Decode(signature_base64));
  const bool is_ed25519 = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519;
  const ContextHandle context(EVP_MD_CTX_new());
  const EVP_MD* method = is_ed25519 ? nullptr : EVP_sha256();
  const bool valid =
      EVP_DigestVerifyInit(context.get(), nullptr, method, nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), Data(text), text.size()) == 1;
  ERR_clear_error();
  if (!valid) return Fail(ErrorCode::kUntrusted, "signature of {} does not verify", text);
  return {};
}

}  // namespace cocos::crypto
