#include "telemetry/http_tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string>
#include <string_view>

#include "base/handle.h"

namespace cocos {
namespace {

using BioHandle = Handle<BIO, BIO_free>;
using CertificateHandle = Handle<X509, X509_free>;
using PkeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;

BioHandle MemoryBio(const std::string& text) {
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

CertificateHandle NextCertificate(BIO* bio) {
  return CertificateHandle(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

tl::unexpected<Error> Refused(std::string_view what) {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  const std::string text = reason != nullptr ? reason : "unknown reason";
  ERR_clear_error();
  return Fail(ErrorCode::kInvalidArgument, "http server: OpenSSL refuses the {}: {}", what, text);
}

Result<void> UseCertificateChain(const std::string& pem, SSL_CTX& context) {
  const BioHandle bio = MemoryBio(pem);
  const CertificateHandle leaf = NextCertificate(bio.get());
  if (!leaf || SSL_CTX_use_certificate(&context, leaf.get()) != 1) return Refused("certificate");
  while (const CertificateHandle issuer = NextCertificate(bio.get())) {
    if (SSL_CTX_add1_chain_cert(&context, issuer.get()) != 1) return Refused("certificate chain");
  }
  ERR_clear_error();
  return {};
}

Result<void> UseKey(const std::string& pem, SSL_CTX& context) {
  const BioHandle bio = MemoryBio(pem);
  const PkeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(&context, key.get()) != 1) return Refused("private key");
  return {};
}

void RequireClientCertificates(const std::string& pem, SSL_CTX& context) {
  const BioHandle bio = MemoryBio(pem);
  X509_STORE* const store = SSL_CTX_get_cert_store(&context);
  while (const CertificateHandle ca = NextCertificate(bio.get())) {
    X509_STORE_add_cert(store, ca.get());
    SSL_CTX_add_client_CA(&context, ca.get());
  }
  ERR_clear_error();
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

}  // namespace

Result<void> ConfigureTls(const crypto::ListenerPem& pem, SSL_CTX& context) {
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  COCOS_TRY(UseCertificateChain(pem.cert, context));
  COCOS_TRY(UseKey(pem.key, context));
  if (!pem.client_cas.empty()) RequireClientCertificates(pem.client_cas, context);
  return {};
}

}  // namespace cocos
