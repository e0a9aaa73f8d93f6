#include "testserver/public_key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "base/handle.h"

namespace cocos::testserver {
namespace {

using BioHandle = Handle<BIO, BIO_free>;
using PkeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;

bool IsUserKeyType(const EVP_PKEY* key) {
  constexpr std::array kTypes = {EVP_PKEY_RSA, EVP_PKEY_EC, EVP_PKEY_ED25519};
  return std::ranges::find(kTypes, EVP_PKEY_get_base_id(key)) != kTypes.end();
}

}  // namespace

Result<std::string> PublicKeyDer(std::string_view pem) {
  const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const PkeyHandle key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (!key) {
    ERR_clear_error();
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

}  // namespace cocos::testserver
