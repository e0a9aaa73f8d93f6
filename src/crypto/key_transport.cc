#include "crypto/key_transport.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <limits>

#include "base/handle.h"
#include "crypto/openssl.h"

namespace cocos::crypto {
namespace {

using CipherContext = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using KeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

constexpr std::size_t kAesBlockBytes = 16;

unsigned char* Octets(std::vector<std::byte>& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

tl::unexpected<Error> Unusable(std::string_view what) {
  ERR_clear_error();
  return tl::unexpected(Error(ErrorCode::kInvalidArgument, std::string(what)));
}

bool SetOaep(EVP_PKEY_CTX* context, DigestAlgorithm digest, std::string_view label) {
  if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context, DigestMethod(digest)) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context, DigestMethod(digest)) != 1) {
    return false;
  }
  // The context takes the label over.
  void* const owned = OPENSSL_memdup(label.data(), label.size());
  COCOS_CHECK(label.empty() || owned != nullptr);
  if (EVP_PKEY_CTX_set0_rsa_oaep_label(context, owned, static_cast<int>(label.size())) == 1) {
    return true;
  }
  OPENSSL_free(owned);
  return false;
}

}  // namespace

std::vector<std::byte> RandomSecret(std::size_t size) {
  std::vector<std::byte> secret(size);
  // Without randomness there is no way on.
  COCOS_CHECK(RAND_priv_bytes_ex(nullptr, Octets(secret), size, 0) == 1);
  return secret;
}

std::vector<std::byte> Hmac(DigestAlgorithm algorithm, std::span<const std::byte> key,
                            std::span<const std::byte> message) {
  std::vector<std::byte> code(DigestSize(algorithm));
  // OpenSSL takes no pointer for "no key given", which an empty span may have.
  const std::byte none{};
  const void* const key_data = key.empty() ? &none : key.data();
  std::size_t size = 0;
  COCOS_CHECK(EVP_Q_mac(nullptr, "HMAC", nullptr, EVP_MD_get0_name(DigestMethod(algorithm)),
                        nullptr, key_data, key.size(), Octets(message), message.size(),
                        Octets(code), code.size(), &size) != nullptr);
  COCOS_CHECK(size == code.size());
  return code;
}

Result<std::vector<std::byte>> AesCfbEncryptOnce(std::span<const std::byte> key,
                                                 std::span<const std::byte> text) {
  if (key.size() != 16 && key.size() != 32) {
    return Fail(ErrorCode::kInvalidArgument, "AES key: {} bytes, want 16 or 32", key.size());
  }
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Fail(ErrorCode::kInvalidArgument, "AES text: {} bytes are too many", text.size());
  }
  const CipherContext context(EVP_CIPHER_CTX_new());
  const std::vector<std::byte> zeros(kAesBlockBytes);
  std::vector<std::byte> sealed(text.size());
  int size = 0;
  COCOS_CHECK(context != nullptr);
  COCOS_CHECK(EVP_EncryptInit_ex2(context.get(),
                                  key.size() == 16 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128(),
                                  Octets(key), Octets(std::span(zeros)), nullptr) == 1);
  COCOS_CHECK(EVP_EncryptUpdate(context.get(), Octets(sealed), &size, Octets(text),
                                static_cast<int>(text.size())) == 1);
  COCOS_CHECK(static_cast<std::size_t>(size) == sealed.size());
  return sealed;
}

Result<std::vector<std::byte>> RsaOaepEncrypt(const VerifyingKey& key, DigestAlgorithm digest,
                                              std::string_view label,
                                              std::span<const std::byte> message) {
  if (key.rsa_bits() == 0) return Unusable("RSA-OAEP: the key is not RSA");
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      !SetOaep(context.get(), digest, label)) {
    return Unusable("RSA-OAEP: the key cannot be used for it");
  }
  std::vector<std::byte> sealed((key.rsa_bits() + 7) / 8);
  std::size_t size = sealed.size();
  if (EVP_PKEY_encrypt(context.get(), Octets(sealed), &size, Octets(message), message.size()) !=
      1) {
    return Unusable("RSA-OAEP: the message is too long for the key");
  }
  COCOS_CHECK(size == sealed.size());
  return sealed;
}

Result<OneTimeExchange> ExchangeOnce(const VerifyingKey& peer) {
  const auto curve = peer.curve();
  if (!curve) return Unusable("key exchange: the key is not on P-256, P-384 or P-521");
  const VerifyingKey own = SigningKey::Generate(*curve).public_key();
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, own.get(), nullptr));
  std::vector<std::byte> secret(FieldSize(*curve));
  std::size_t size = secret.size();
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), Octets(secret), &size) != 1) {
    return Unusable("key exchange: the key cannot be used for it");
  }
  COCOS_CHECK(size == secret.size());
  std::vector<std::byte> point = COCOS_TRY(own.EcPoint());
  return OneTimeExchange{std::move(point), std::move(secret)};
}

}  // namespace cocos::crypto
