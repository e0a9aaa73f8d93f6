// A certificate in DER or PEM, every question one can ask about it, and AMD's extensions.
#include "crypto/certificate.h"

#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/snp/vek.h"

namespace {

using cocos::crypto::Certificate;

void AskEverything(const Certificate& certificate) {
  for (const char* const attribute : {"CN", "O", "OU", "L", "ST", "C", "none"}) {
    static_cast<void>(certificate.SubjectValues(attribute));
    static_cast<void>(certificate.IssuerValues(attribute));
  }
  for (const auto& extension : certificate.extensions()) {
    static_cast<void>(certificate.Extension(extension.object_id));
  }
  static_cast<void>(certificate.subject());
  static_cast<void>(certificate.issuer());
  static_cast<void>(certificate.serial());
  static_cast<void>(certificate.signature_scheme());
  static_cast<void>(certificate.path_length());
  static_cast<void>(certificate.SpkiSha256());
  static_cast<void>(certificate.CrlUrls());
  static_cast<void>(certificate.CheckValidAt(certificate.not_before()));
  if (const auto key = certificate.key()) {
    static_cast<void>(certificate.VerifySignedBy(*key));
    static_cast<void>(key->curve());
    static_cast<void>(key->rsa_bits());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::snp;
  const auto certificate = Certificate::FromDerOrPem(std::as_bytes(std::span(data, size)));
  if (!certificate) return 0;
  AskEverything(*certificate);
  static_cast<void>(ReadVekIdentity(*certificate, SigningKey::kVcek));
  static_cast<void>(ReadVekIdentity(*certificate, SigningKey::kVlek));
  // What was accepted once is accepted in the forms this code writes.
  const auto again = Certificate::FromDer(certificate->der());
  COCOS_CHECK(again && *again == *certificate);
  const std::string pem = certificate->Pem();
  const auto from_pem = Certificate::FromDerOrPem(cocos::crypto::BytesOf(pem));
  COCOS_CHECK(from_pem && *from_pem == *certificate);
  return 0;
}
