#include "attestation/snp/chain.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attestation/snp/product.h"

namespace cocos::attestation::snp {
namespace {

using crypto::Certificate;

template <typename... Args>
tl::unexpected<Error> Untrusted(fmt::format_string<Args...> format, Args&&... args) {
  return Fail(ErrorCode::kUntrusted, format, std::forward<Args>(args)...);
}

// AMD 57230, subject and issuer of every certificate; the common name tells them apart.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kCommonAttributes = {{
    {"C", "US"},
    {"L", "Santa Clara"},
    {"ST", "CA"},
    {"O", "Advanced Micro Devices"},
    {"OU", "Engineering"},
}};

std::string ArkName(Product product) { return fmt::format("ARK-{}", ProductName(product)); }

std::string IcaName(const ChainKind& kind) {
  return fmt::format("SEV-{}{}", kind.key == SigningKey::kVlek ? "VLEK-" : "",
                     ProductName(kind.product));
}

std::string VekName(SigningKey key) { return fmt::format("SEV-{}", SigningKeyName(key)); }

Result<void> CheckAttribute(const std::vector<std::string>& values, std::string_view attribute,
                            std::string_view want) {
  if (values.size() == 1 && values.front() == want) return {};
  return Untrusted("{} is \"{}\", want \"{}\"", attribute, fmt::join(values, "\", \""), want);
}

// The subject and issuer carry each attribute once, with AMD's value.
Result<void> CheckNames(const Certificate& certificate, std::string_view subject_name,
                        std::string_view issuer_name) {
  COCOS_TRY(CheckAttribute(certificate.SubjectValues("CN"), "subject CN", subject_name));
  COCOS_TRY(CheckAttribute(certificate.IssuerValues("CN"), "issuer CN", issuer_name));
  for (const auto& [attribute, value] : kCommonAttributes) {
    COCOS_TRY(CheckAttribute(certificate.SubjectValues(attribute), attribute, value));
    COCOS_TRY(CheckAttribute(certificate.IssuerValues(attribute), attribute, value));
  }
  return {};
}

// RFC 5280 section 4.2: a critical extension that is not understood makes a certificate unusable.
Result<void> CheckCriticalExtensions(const Certificate& certificate, bool is_ca) {
  constexpr std::string_view kBasicConstraints = "2.5.29.19";
  constexpr std::string_view kKeyUsage = "2.5.29.15";
  for (const crypto::CertificateExtension& extension : certificate.extensions()) {
    const bool understood =
        is_ca && (extension.object_id == kBasicConstraints || extension.object_id == kKeyUsage);
    if (extension.critical && !understood) {
      return Untrusted("critical extension {} is not known", extension.object_id);
    }
  }
  return {};
}

Result<void> CheckSignature(const Certificate& certificate, const Certificate& issuer) {
  if (!certificate.NamesIssuer(issuer)) {
    return Untrusted("issuer {}, want {}", certificate.issuer(), issuer.subject());
  }
  // OpenSSL takes any padding and digest that fits the key; AMD uses one.
  if (certificate.signature_scheme() != crypto::SignatureScheme::kRsaPssSha384) {
    return Untrusted("signature algorithm, want RSASSA-PSS with SHA-384, MGF1 SHA-384 and salt 48");
  }
  const crypto::VerifyingKey key = COCOS_TRY(issuer.key());
  return certificate.VerifySignedBy(key);
}

Result<void> CheckRsa4096(const Certificate& certificate) {
  constexpr unsigned kBits = 4096;
  const crypto::VerifyingKey key = COCOS_TRY(certificate.key());
  if (key.rsa_bits() != kBits) return Untrusted("key, want RSA of {} bits", kBits);
  return {};
}

Result<void> CheckP384(const Certificate& certificate) {
  const crypto::VerifyingKey key = COCOS_TRY(certificate.key());
  if (key.curve() != crypto::Curve::kP384) return Untrusted("key, want one on P-384");
  return {};
}

Result<RootKind> CheckArk(const Certificate& ark, const ChainKind& kind,
                          const TrustAnchors& anchors, crypto::TimePoint now) {
  const std::optional<RootKind> root = anchors.Find(kind.product, ark);
  if (!root) return Untrusted("not a trusted root key of {}", ProductName(kind.product));
  COCOS_TRY(CheckRsa4096(ark));
  COCOS_TRY(CheckSignature(ark, ark));
  COCOS_TRY(CheckNames(ark, ArkName(kind.product), ArkName(kind.product)));
  COCOS_TRY(CheckCriticalExtensions(ark, true));
  if (!ark.is_ca()) return Untrusted("not a CA");
  COCOS_TRY(ark.CheckValidAt(now));
  return *root;
}

Result<void> CheckIca(const Certificate& ica, const Certificate& ark, const ChainKind& kind,
                      crypto::TimePoint now) {
  COCOS_TRY(CheckSignature(ica, ark));
  COCOS_TRY(CheckNames(ica, IcaName(kind), ArkName(kind.product)));
  COCOS_TRY(CheckCriticalExtensions(ica, true));
  if (!ica.is_ca() || ica.path_length() != 0u) return Untrusted("not a CA with path length 0");
  COCOS_TRY(CheckRsa4096(ica));
  return ica.CheckValidAt(now);
}

Result<void> CheckVek(const Endorsements& endorsements, const ChainKind& kind,
                      crypto::TimePoint now) {
  const Certificate& vek = endorsements.vek;
  COCOS_TRY(CheckSignature(vek, endorsements.ica));
  COCOS_TRY(CheckP384(vek));
  COCOS_TRY(CheckNames(vek, VekName(kind.key), IcaName(kind)));
  COCOS_TRY(CheckCriticalExtensions(vek, false));
  if (vek.is_ca()) return Untrusted("a CA, want an end entity");
  return vek.CheckValidAt(now);
}

Result<void> CheckRevocation(const Endorsements& endorsements, crypto::TimePoint now) {
  if (!endorsements.crl) return {};
  const crypto::Crl& crl = *endorsements.crl;
  COCOS_TRY(CheckArkCrl(crl, endorsements.ark, now));
  // The ARK signs the list, so an ARK on it says that its holder no longer wants it trusted.
  for (const Certificate* certificate : {&endorsements.ica, &endorsements.ark}) {
    if (crl.Lists(*certificate)) return Untrusted("{} is revoked", certificate->subject());
  }
  return {};
}

// Names the certificate an error is about. All errors of a chain are a matter of trust.
template <typename T>
Result<T> About(std::string_view which, Result<T> result) {
  if (result) return result;
  Error error(ErrorCode::kUntrusted, result.error().message());
  return tl::unexpected(std::move(error).WithReason(result.error().reason()).Within(which));
}

}  // namespace

Result<RootKind> CheckChain(const Endorsements& endorsements, const ChainKind& kind,
                            const TrustAnchors& anchors, crypto::TimePoint now) {
  const RootKind root =
      COCOS_TRY(CheckIssuers(endorsements.ica, endorsements.ark, kind, anchors, now));
  COCOS_TRY(About(SigningKeyName(kind.key), CheckVek(endorsements, kind, now)));
  COCOS_TRY(About("revocation", CheckRevocation(endorsements, now)));
  return root;
}

Result<RootKind> CheckIssuers(const Certificate& ica, const Certificate& ark, const ChainKind& kind,
                              const TrustAnchors& anchors, crypto::TimePoint now) {
  const bool vlek = kind.key == SigningKey::kVlek;
  const RootKind root = COCOS_TRY(About("ARK", CheckArk(ark, kind, anchors, now)));
  COCOS_TRY(About(vlek ? "ASVK" : "ASK", CheckIca(ica, ark, kind, now)));
  return root;
}

Result<void> CheckArkCrl(const crypto::Crl& crl, const Certificate& ark, crypto::TimePoint now) {
  if (crl.signature_scheme() != crypto::SignatureScheme::kRsaPssSha384) {
    return Untrusted("CRL: signature algorithm, want RSASSA-PSS with SHA-384");
  }
  return crl.Verify(ark, now);
}

}  // namespace cocos::attestation::snp
