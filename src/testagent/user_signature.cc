#include "testagent/user_signature.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/handle.h"
#include "crypto/digest.h"

namespace cocos::testagent {
namespace {

using PkeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
using MdContextHandle = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;

const unsigned char* Data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

bool IsUserKeyType(int type) {
  return type == EVP_PKEY_RSA || type == EVP_PKEY_EC || type == EVP_PKEY_ED25519;
}

Result<PkeyHandle> ParseUserKey(std::string_view der) {
  const unsigned char* position = Data(der);
  PkeyHandle key(d2i_PUBKEY(nullptr, &position, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!key || position != Data(der) + der.size()) {
    return Fail(ErrorCode::kMalformed, "user key: {} bytes that are no public key in DER form",
                der.size());
  }
  if (!IsUserKeyType(EVP_PKEY_get_base_id(key.get()))) {
    return Fail(ErrorCode::kMalformed, "user key: {}, want RSA, ECDSA or Ed25519",
                EVP_PKEY_get0_type_name(key.get()));
  }
  return key;
}

}  // namespace

Result<void> CheckUserKey(std::string_view key_der) {
  COCOS_TRY(ParseUserKey(key_der));
  return {};
}

Result<void> VerifyRoleSignature(std::string_view key_der, std::string_view role,
                                 std::string_view signature_base64) {
  const PkeyHandle key = COCOS_TRY(ParseUserKey(key_der));
  const auto signature = COCOS_TRY(crypto::Base64Decode(signature_base64));
  const bool is_ed25519 = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519;
  const MdContextHandle context(EVP_MD_CTX_new());
  const EVP_MD* digest = is_ed25519 ? nullptr : EVP_sha256();
  const bool valid =
      EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), Data(role), role.size()) == 1;
  ERR_clear_error();
  if (!valid) return Fail(ErrorCode::kUntrusted, "signature of {} does not verify", role);
  return {};
}

}  // namespace cocos::testagent
