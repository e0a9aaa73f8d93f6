#include "attestation/tdx/certificate_chain.h"

#include <algorithm>
#include <string>

#include "attestation/tdx/quote_error.h"

namespace cocos::attestation::tdx {
namespace {

using crypto::Certificate;
using crypto::TimePoint;

constexpr std::size_t kMaxChainSize = 64UL * 1024;
constexpr std::size_t kMaxCertificates = 3;
constexpr std::string_view kBasicConstraintsId = "2.5.29.19";
constexpr std::string_view kKeyUsageId = "2.5.29.15";

template <typename... Args>
tl::unexpected<Error> Untrusted(fmt::format_string<Args...> format, Args&&... args) {
  return Refuse(QuoteError::kUntrustedRoot, format, std::forward<Args>(args)...);
}

// Takes the one certificate with a trusted key out of the chain.
Result<Certificate> TakeRoot(std::vector<Certificate>& chain, const TrustAnchors& anchors) {
  const auto root = std::ranges::find_if(
      chain, [&](const Certificate& certificate) { return anchors.Trusts(certificate); });
  if (root == chain.end()) {
    return Untrusted("certificate chain of {}: none of its keys is a trust anchor",
                     chain.empty() ? "nobody" : chain.front().subject());
  }
  Certificate taken = *root;
  chain.erase(root);
  return taken;
}

// Takes the first that is a CA, or that is none.
Result<Certificate> Take(std::vector<Certificate>& chain, bool ca, std::string_view what) {
  const auto found = std::ranges::find(chain, ca, &Certificate::is_ca);
  if (found == chain.end()) return Untrusted("certificate chain: no {} in it", what);
  Certificate taken = *found;
  chain.erase(found);
  return taken;
}

Result<void> CheckSize(const std::vector<Certificate>& chain, std::size_t size) {
  if (chain.size() == size) return {};
  return Untrusted("certificate chain: {} certificates, want {}", chain.size(), size);
}

Result<void> CheckCommonName(const Certificate& certificate,
                             std::initializer_list<std::string_view> accepted) {
  const std::vector<std::string> names = certificate.SubjectValues("CN");
  if (names.size() == 1 && std::ranges::find(accepted, names.front()) != accepted.end()) return {};
  return Untrusted("certificate {}: want the common name {}", certificate.subject(),
                   *accepted.begin());
}

// RFC 5280 section 4.2: who does not know a critical extension must refuse the certificate.
Result<void> CheckExtensions(const Certificate& certificate) {
  for (const crypto::CertificateExtension& extension : certificate.extensions()) {
    if (!extension.critical || extension.object_id == kBasicConstraintsId ||
        extension.object_id == kKeyUsageId) {
      continue;
    }
    return Untrusted("certificate {}: critical extension {} is not known", certificate.subject(),
                     extension.object_id);
  }
  return {};
}

Result<void> CheckIssued(const Certificate& certificate, const Certificate& issuer) {
  if (!issuer.is_ca()) return Untrusted("certificate {}: not a CA", issuer.subject());
  if (!certificate.NamesIssuer(issuer)) {
    return Untrusted("certificate {}: of issuer {}, want {}", certificate.subject(),
                     certificate.issuer(), issuer.subject());
  }
  if (certificate.signature_scheme() != crypto::SignatureScheme::kEcdsaSha256) {
    return Untrusted("certificate {}: want a signature by ECDSA with SHA-256",
                     certificate.subject());
  }
  const auto key = COCOS_TRY(RefusedAs(QuoteError::kUntrustedRoot, issuer.key()));
  if (key.curve() != crypto::Curve::kP256) {
    return Untrusted("certificate {}: want a key on P-256", issuer.subject());
  }
  COCOS_TRY(RefusedAs(QuoteError::kUntrustedRoot, certificate.VerifySignedBy(key)));
  return CheckExtensions(certificate);
}

Result<void> CheckTime(const Certificate& certificate, TimePoint now) {
  const QuoteError error =
      now < certificate.not_before() ? QuoteError::kNotYetValid : QuoteError::kExpired;
  return RefusedAs(error, certificate.CheckValidAt(now));
}

TimePoint FirstToExpire(std::initializer_list<const Certificate*> certificates) {
  TimePoint first = TimePoint::max();
  for (const Certificate* certificate : certificates) {
    first = std::min(first, certificate->not_after());
  }
  return first;
}

}  // namespace

TimePoint VerifiedPckChain::expires() const {
  return FirstToExpire({&leaf_, &intermediate_, &root_});
}

TimePoint VerifiedSigningChain::expires() const { return FirstToExpire({&signer_, &root_}); }

Result<std::vector<Certificate>> ParseChain(std::span<const std::byte> pem) {
  if (pem.size() > kMaxChainSize) {
    return Fail(ErrorCode::kMalformed, "certificate chain: {} bytes, want at most {}", pem.size(),
                kMaxChainSize);
  }
  const std::string_view text(reinterpret_cast<const char*>(pem.data()), pem.size());
  return Certificate::ListFromPem(text, kMaxCertificates);
}

Result<VerifiedPckChain> VerifyPckChain(const std::vector<Certificate>& chain,
                                        const TrustAnchors& anchors, TimePoint now) {
  COCOS_TRY(CheckSize(chain, 3));
  std::vector<Certificate> rest = chain;
  const Certificate root = COCOS_TRY(TakeRoot(rest, anchors));
  const Certificate intermediate = COCOS_TRY(Take(rest, true, "intermediate CA"));
  const Certificate leaf = COCOS_TRY(Take(rest, false, "PCK certificate"));
  // The signatures first: until then dates and names are anybody's. The root signs itself, which
  // proves that what stands beside its pinned key was said by that key.
  COCOS_TRY(CheckIssued(root, root));
  COCOS_TRY(CheckIssued(intermediate, root));
  COCOS_TRY(CheckIssued(leaf, intermediate));
  COCOS_TRY(
      CheckCommonName(intermediate, {"Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"}));
  COCOS_TRY(CheckCommonName(leaf, {"Intel SGX PCK Certificate"}));
  for (const Certificate* certificate : {&root, &intermediate, &leaf}) {
    COCOS_TRY(CheckTime(*certificate, now));
  }
  return VerifiedPckChain(leaf, intermediate, root);
}

Result<VerifiedSigningChain> VerifyTcbSigningChain(const std::vector<Certificate>& chain,
                                                   const TrustAnchors& anchors, TimePoint now) {
  COCOS_TRY(CheckSize(chain, 2));
  std::vector<Certificate> rest = chain;
  const Certificate root = COCOS_TRY(TakeRoot(rest, anchors));
  const Certificate signer = COCOS_TRY(Take(rest, false, "TCB signing certificate"));
  COCOS_TRY(CheckIssued(root, root));
  COCOS_TRY(CheckIssued(signer, root));
  COCOS_TRY(CheckCommonName(signer, {"Intel SGX TCB Signing"}));
  for (const Certificate* certificate : {&root, &signer}) COCOS_TRY(CheckTime(*certificate, now));
  return VerifiedSigningChain(signer, root);
}

}  // namespace cocos::attestation::tdx
