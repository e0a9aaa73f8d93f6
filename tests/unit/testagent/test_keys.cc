#include "unit/testagent/test_keys.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/handle.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace cocos::testagent {
namespace {

using BioHandle = Handle<BIO, BIO_free>;
using X509Handle = Handle<X509, X509_free>;
using MdContextHandle = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using ExtensionHandle = Handle<X509_EXTENSION, X509_EXTENSION_free>;

constexpr long kValidSeconds = 3600;

EVP_PKEY* MakeKey(KeyKind kind) {
  switch (kind) {
    case KeyKind::kRsa:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
    case KeyKind::kEcdsa:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    case KeyKind::kEd25519:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  }
  return nullptr;
}

template <typename Writer>
std::string Pem(Writer write) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  COCOS_CHECK(write(bio.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string PemOf(X509* certificate) {
  return Pem([certificate](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

void AddExtension(X509* certificate, int nid, const char* value) {
  const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
  COCOS_CHECK(extension != nullptr);
  COCOS_CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

void SetName(X509_NAME* name, const std::string& common_name) {
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
}

X509Handle MakeCertificate(const std::string& common_name, const std::string& issuer,
                           const TestKey& key) {
  X509Handle certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 7);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kValidSeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kValidSeconds);
  SetName(X509_get_subject_name(certificate.get()), common_name);
  SetName(X509_get_issuer_name(certificate.get()), issuer);
  X509_set_pubkey(certificate.get(), key.get());
  return certificate;
}

}  // namespace

TestKey::TestKey(KeyKind kind) : key_(MakeKey(kind), EVP_PKEY_free) {
  COCOS_CHECK(key_ != nullptr);
}

std::string TestKey::PublicDer() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  COCOS_CHECK(size > 0);
  const std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

std::string TestKey::PublicPem() const {
  return Pem([this](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key_.get()); });
}

std::string TestKey::PrivatePem() const {
  return Pem([this](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string TestKey::SignBase64(std::string_view text) const {
  const bool is_ed25519 = EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_ED25519;
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  const MdContextHandle context(EVP_MD_CTX_new());
  const EVP_MD* digest = is_ed25519 ? nullptr : EVP_sha256();
  COCOS_CHECK(EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1);
  std::size_t size = 0;
  COCOS_CHECK(EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) == 1);
  std::string signature(size, '\0');
  COCOS_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                             &size, data, text.size()) == 1);
  signature.resize(size);
  return crypto::Base64Encode(crypto::BytesOf(signature));
}

TestCa::TestCa() : key_(KeyKind::kEcdsa) {
  const X509Handle certificate = MakeCertificate("test CA", "test CA", key_);
  AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  COCOS_CHECK(X509_sign(certificate.get(), key_.get(), EVP_sha256()) > 0);
  certificate_pem_ = PemOf(certificate.get());
}

std::string TestCa::CertificatePem() const { return certificate_pem_; }

TestIdentity TestCa::Issue(const std::string& common_name) const {
  const TestKey key(KeyKind::kEcdsa);
  const X509Handle certificate = MakeCertificate(common_name, "test CA", key);
  AddExtension(certificate.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  COCOS_CHECK(X509_sign(certificate.get(), key_.get(), EVP_sha256()) > 0);
  return {.certificate_pem = PemOf(certificate.get()), .key_pem = key.PrivatePem()};
}

}  // namespace cocos::testagent
