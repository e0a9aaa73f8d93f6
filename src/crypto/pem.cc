#include "crypto/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <utility>

#include "base/file.h"
#include "crypto/openssl.h"

namespace cocos::crypto {
namespace {

using PkeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;

X509Handle NextCertificate(BIO* bio) {
  ERR_clear_error();
  return X509Handle(PEM_read_bio_X509(bio, nullptr, NoPassphrase, nullptr));
}

// True when the last read found no further PEM block, as opposed to a broken one.
bool AtEnd() {
  const unsigned long error = ERR_peek_last_error();
  const bool end =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return end;
}

Result<PkeyHandle> ReadPrivateKey(std::string_view pem) {
  const BioHandle bio = COCOS_TRY(OpenMemory(pem));
  ERR_clear_error();
  PkeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  if (!key) {
    return Fail(ErrorCode::kMalformed, "want a private key in PEM form without a passphrase");
  }
  return key;
}

}  // namespace

Result<std::string> LoadPem(const std::string& name, const std::string& value) {
  constexpr std::size_t kMaxPemBytes = 1u << 20;
  if (value.find("-----BEGIN ") != std::string::npos) return value;
  Result<std::string> content = ReadFile(value, kMaxPemBytes);
  if (!content) return tl::unexpected(std::move(content).error().Within(name));
  return content;
}

Result<void> CheckCertificatePem(std::string_view pem) {
  const BioHandle bio = COCOS_TRY(OpenMemory(pem));
  unsigned count = 0;
  while (NextCertificate(bio.get())) ++count;
  if (!AtEnd()) {
    return Fail(ErrorCode::kMalformed,
                "certificate number {} does not parse, want PEM certificates", count + 1);
  }
  if (count == 0) return Fail(ErrorCode::kMalformed, "no certificate found, want PEM certificates");
  return {};
}

Result<void> CheckPrivateKeyPem(std::string_view pem) {
  COCOS_TRY(ReadPrivateKey(pem));
  return {};
}

Result<void> CheckKeyMatchesCertificate(std::string_view key_pem,
                                        std::string_view certificate_pem) {
  const PkeyHandle key = COCOS_TRY(ReadPrivateKey(key_pem));
  const BioHandle bio = COCOS_TRY(OpenMemory(certificate_pem));
  const X509Handle certificate = NextCertificate(bio.get());
  if (!certificate) {
    ERR_clear_error();
    return Fail(ErrorCode::kMalformed, "no certificate found, want a PEM certificate");
  }
  const bool matches = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!matches) {
    return Fail(ErrorCode::kUntrusted, "the private key does not belong to the certificate");
  }
  return {};
}

}  // namespace cocos::crypto
