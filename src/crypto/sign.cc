#include "crypto/sign.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <memory>

#include "crypto/openssl.h"

namespace cocos::crypto {
namespace {

using PkeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;

struct OpensslFree {
  void operator()(void* memory) const { OPENSSL_free(memory); }
};
using OpensslMemory = std::unique_ptr<void, OpensslFree>;

// Upstream's key tool writes RSA keys as PKCS#1 under the label of PKCS#8, which OpenSSL takes at
// its word and refuses.
PkeyHandle ReadMislabelledRsaKey(std::string_view pem) {
  const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* der = nullptr;
  long size = 0;
  if (PEM_read_bio(bio.get(), &name, &header, &der, &size) != 1) return {};
  const OpensslMemory owned_name(name);
  const OpensslMemory owned_header(header);
  const OpensslMemory owned_der(der);
  if (std::string_view(name) != PEM_STRING_PKCS8INF) return {};
  const unsigned char* position = der;
  PkeyHandle key(d2i_PrivateKey(EVP_PKEY_RSA, nullptr, &position, size));
  OPENSSL_cleanse(der, static_cast<std::size_t>(size));
  return key;
}

Result<PkeyHandle> ReadKey(std::string_view pem) {
  const BioHandle bio = COCOS_TRY(OpenMemory(pem));
  PkeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (!key) key = ReadMislabelledRsaKey(pem);
  ERR_clear_error();
  if (!key) {
    return Fail(ErrorCode::kMalformed, "want a private key in PEM form without a passphrase");
  }
  return key;
}

tl::unexpected<Error> FailOpenssl(std::string_view action) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return Fail(ErrorCode::kInternal, "{}: {}", action, reason == nullptr ? "unknown error" : reason);
}

// The digest of a key type; null for those that take the bytes themselves.
Result<const EVP_MD*> MethodFor(EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_EC:
      return EVP_sha256();
    case EVP_PKEY_ED25519:
      return static_cast<const EVP_MD*>(nullptr);
    default:
      return Fail(ErrorCode::kMalformed, "private key: want an RSA, ECDSA or Ed25519 key");
  }
}

std::string Content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

PkeyHandle Generate(KeyType type) {
  switch (type) {
    case KeyType::kRsa4096:
      return PkeyHandle(EVP_RSA_gen(4096));
    case KeyType::kEcdsaP256:
      return PkeyHandle(EVP_EC_gen("P-256"));
    case KeyType::kEd25519:
      return PkeyHandle(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  }
  return {};
}

// Upstream's tools know an ECDSA key by the label of its own format, which holds the curve too.
bool WritePrivateKey(BIO* bio, EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
    return PEM_write_bio_PrivateKey_traditional(bio, key, nullptr, nullptr, 0, nullptr, nullptr) ==
           1;
  }
  return PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
}

}  // namespace

Result<std::vector<std::byte>> Sign(std::string_view private_key_pem,
                                    std::span<const std::byte> bytes) {
  const PkeyHandle key = COCOS_TRY(ReadKey(private_key_pem));
  const EVP_MD* method = COCOS_TRY(MethodFor(key.get()));
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, method, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, Octets(bytes), bytes.size()) != 1) {
    return FailOpenssl("sign");
  }
  std::vector<std::byte> signature(size);
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Octets(bytes), bytes.size()) != 1) {
    return FailOpenssl("sign");
  }
  signature.resize(size);
  return signature;
}

Result<KeyPairPem> GenerateKeyPair(KeyType type) {
  const PkeyHandle key = Generate(type);
  if (!key) return FailOpenssl("generate a key");
  const BioHandle private_key(BIO_new(BIO_s_mem()));
  const BioHandle public_key(BIO_new(BIO_s_mem()));
  if (!WritePrivateKey(private_key.get(), key.get()) ||
      PEM_write_bio_PUBKEY(public_key.get(), key.get()) != 1) {
    return FailOpenssl("write a key");
  }
  return KeyPairPem{Content(private_key.get()), Content(public_key.get())};
}

}  // namespace cocos::crypto
