#include "telemetry/http_tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string>
#include <string_view>

#include "base/file.h"
#include "base/handle.h"

namespace cocos {
namespace {

using BioHandle = Handle<BIO, BIO_free>;
using CertificateHandle = Handle<X509, X509_free>;
using PkeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;

constexpr std::size_t kMaxPemBytes = 1u << 20;

// The PEM text of a variable that holds either the text itself or the path of a file.
Result<std::string> LoadPem(const std::string& variable, const std::string& value) {
  if (value.find("-----BEGIN ") != std::string::npos) return value;
  Result<std::string> content = ReadFile(value, kMaxPemBytes);
  if (!content) return tl::unexpected(std::move(content).error().Within(variable));
  return content;
}

BioHandle MemoryBio(const std::string& text) {
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Never asks a terminal for a pass phrase: an encrypted key is refused.
int NoPassphrase(char*, int, int, void*) { return -1; }

CertificateHandle NextCertificate(BIO* bio) {
  return CertificateHandle(PEM_read_bio_X509(bio, nullptr, NoPassphrase, nullptr));
}

// True if reading stopped because the text was at its end, and not at something broken.
bool AtEndOfPem() {
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return at_end;
}

tl::unexpected<Error> NotPem(const std::string& variable, std::string_view want) {
  ERR_clear_error();
  return Fail(ErrorCode::kInvalidArgument, "{}: want {} in PEM format, as text or path", variable,
              want);
}

Result<void> UseCertificateChain(const std::string& variable, const std::string& pem,
                                 SSL_CTX& context) {
  const BioHandle bio = MemoryBio(pem);
  const CertificateHandle leaf = NextCertificate(bio.get());
  if (!leaf || SSL_CTX_use_certificate(&context, leaf.get()) != 1) {
    return NotPem(variable, "a certificate");
  }
  while (const CertificateHandle issuer = NextCertificate(bio.get())) {
    SSL_CTX_add1_chain_cert(&context, issuer.get());
  }
  if (!AtEndOfPem()) return NotPem(variable, "a certificate chain");
  return {};
}

Result<void> UseKey(const std::string& variable, const std::string& pem, SSL_CTX& context) {
  const BioHandle bio = MemoryBio(pem);
  const PkeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (!key) return NotPem(variable, "a private key that is not encrypted");
  if (SSL_CTX_use_PrivateKey(&context, key.get()) != 1) {
    ERR_clear_error();
    return Fail(ErrorCode::kInvalidArgument, "{}: does not belong to the certificate", variable);
  }
  return {};
}

Result<void> RequireClientCertificates(const std::string& variable, const std::string& pem,
                                       SSL_CTX& context) {
  const BioHandle bio = MemoryBio(pem);
  X509_STORE* const store = SSL_CTX_get_cert_store(&context);
  int count = 0;
  while (const CertificateHandle ca = NextCertificate(bio.get())) {
    X509_STORE_add_cert(store, ca.get());
    SSL_CTX_add_client_CA(&context, ca.get());
    ++count;
  }
  if (!AtEndOfPem() || count == 0) return NotPem(variable, "CA certificates");
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

}  // namespace

Result<bool> WantsTls(const HttpTlsOptions& tls) {
  const auto missing = [](const std::string& variable, const std::string& because) {
    return Fail(ErrorCode::kInvalidArgument, "{}: not set, but needed because {} is", variable,
                because);
  };
  if (tls.cert.empty() && !tls.key.empty()) return missing(tls.cert_variable, tls.key_variable);
  if (tls.key.empty() && !tls.cert.empty()) return missing(tls.key_variable, tls.cert_variable);
  if (tls.cert.empty() && !tls.client_ca.empty()) {
    return missing(tls.cert_variable, tls.client_ca_variable);
  }
  return !tls.cert.empty();
}

Result<void> ConfigureTls(const HttpTlsOptions& tls, SSL_CTX& context) {
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  const std::string cert = COCOS_TRY(LoadPem(tls.cert_variable, tls.cert));
  COCOS_TRY(UseCertificateChain(tls.cert_variable, cert, context));
  const std::string key = COCOS_TRY(LoadPem(tls.key_variable, tls.key));
  COCOS_TRY(UseKey(tls.key_variable, key, context));
  if (tls.client_ca.empty()) return {};
  const std::string client_ca = COCOS_TRY(LoadPem(tls.client_ca_variable, tls.client_ca));
  return RequireClientCertificates(tls.client_ca_variable, client_ca, context);
}

}  // namespace cocos
