#include "collateral/tdx_check.h"

#include <algorithm>

#include "attestation/tdx/certificate_chain.h"
#include "attestation/tdx/collateral.h"
#include "attestation/tdx/qe_identity.h"
#include "attestation/tdx/signed_json.h"
#include "attestation/tdx/tcb_info.h"
#include "collateral/validity.h"
#include "crypto/digest.h"

namespace cocos::collateral {
namespace {

using crypto::Certificate;
using Bytes = std::span<const std::byte>;

template <typename... Args>
tl::unexpected<Error> Untrusted(fmt::format_string<Args...> format, Args&&... args) {
  return Fail(ErrorCode::kUntrusted, format, std::forward<Args>(args)...);
}

// The inside of an envelope whose signature is good, and when its signer's certificates hold.
struct VerifiedObject {
  Bytes object;
  Validity chain_validity;
};

Result<VerifiedObject> VerifyObject(const Content& content, std::string_view member,
                                    const tdx::TrustAnchors& anchors, TimePoint now) {
  const auto certificates = COCOS_TRY(tdx::ParseChain(crypto::BytesOf(content.issuer_chain)));
  const Validity validity = COCOS_TRY(ValidityOfAll(certificates));
  const auto chain =
      COCOS_TRY(tdx::VerifyTcbSigningChain(certificates, anchors, NearestTo(now, validity)));
  const auto json = COCOS_TRY(tdx::CutSignedJson(crypto::BytesOf(content.body), member));
  const auto key = COCOS_TRY(chain.signer().key());
  COCOS_TRY(key.VerifyEcdsa(crypto::DigestAlgorithm::kSha256, json.object, json.signature));
  return VerifiedObject{json.object, validity};
}

// Both ends of the period belong to it.
Result<CheckedPiece> CheckedIn(const tdx::ValidityPeriod& period, const Validity& chain_validity) {
  const Validity own{.from = period.issue_date,
                     .until = period.next_update + std::chrono::seconds(1)};
  const Validity validity = COCOS_TRY(Intersect(own, chain_validity));
  return CheckedPiece{.validity = validity, .issued = period.issue_date};
}

Result<Certificate> FindRoot(const std::vector<Certificate>& certificates,
                             const tdx::TrustAnchors& anchors) {
  for (const Certificate& certificate : certificates) {
    if (!anchors.Trusts(certificate)) continue;
    const auto key = COCOS_TRY(certificate.key());
    COCOS_TRY(certificate.VerifySignedBy(key));
    return certificate;
  }
  return Untrusted("issuer chain: none of its keys is a trust anchor");
}

std::string_view CaName(tdx::PckCa ca) {
  return ca == tdx::PckCa::kProcessor ? "Intel SGX PCK Processor CA" : "Intel SGX PCK Platform CA";
}

// The certificate of this CA, signed by the root.
Result<Certificate> FindCa(const std::vector<Certificate>& certificates, tdx::PckCa ca,
                           const Certificate& root) {
  const auto found = std::ranges::find_if(certificates, [ca](const Certificate& certificate) {
    const std::vector<std::string> names = certificate.SubjectValues("CN");
    return names.size() == 1 && names.front() == CaName(ca);
  });
  if (found == certificates.end()) return Untrusted("issuer chain: no {} in it", CaName(ca));
  if (!found->is_ca() || !found->NamesIssuer(root)) {
    return Untrusted("{}: want a CA that {} issued", found->subject(), root.subject());
  }
  const auto key = COCOS_TRY(root.key());
  COCOS_TRY(found->VerifySignedBy(key));
  return *found;
}

Result<CheckedPiece> CheckCrl(const std::string& body, const Certificate& issuer,
                              const Validity& chain_validity) {
  const crypto::Crl crl = COCOS_TRY(tdx::ParseCollateralCrl(crypto::BytesOf(body)));
  if (crl.signature_scheme() != crypto::SignatureScheme::kEcdsaSha256) {
    return Untrusted("CRL: want a signature by ECDSA with SHA-256");
  }
  COCOS_TRY(crl.Verify(issuer, crl.this_update()));
  const Validity validity = COCOS_TRY(Intersect(ValidityOf(crl), chain_validity));
  return CheckedPiece{.validity = validity, .issued = crl.this_update()};
}

}  // namespace

Result<CheckedPiece> CheckTcbInfo(const TdxTcbInfo& piece, const Content& content,
                                  const tdx::TrustAnchors& anchors, TimePoint now) {
  const VerifiedObject verified = COCOS_TRY(VerifyObject(content, "tcbInfo", anchors, now));
  const tdx::TcbInfo info = COCOS_TRY(tdx::ParseTcbInfo(verified.object));
  if (info.fmspc != piece.fmspc) {
    return Untrusted("TCB info: for FMSPC {}, want {}", crypto::HexEncode(info.fmspc),
                     crypto::HexEncode(piece.fmspc));
  }
  return CheckedIn(info.validity, verified.chain_validity);
}

Result<CheckedPiece> CheckQeIdentity(const Content& content, const tdx::TrustAnchors& anchors,
                                     TimePoint now) {
  const VerifiedObject verified = COCOS_TRY(VerifyObject(content, "enclaveIdentity", anchors, now));
  const tdx::QeIdentity identity = COCOS_TRY(tdx::ParseQeIdentity(verified.object));
  return CheckedIn(identity.validity, verified.chain_validity);
}

Result<CheckedPiece> CheckPckCrl(const TdxPckCrl& piece, const Content& content,
                                 const tdx::TrustAnchors& anchors) {
  const auto certificates = COCOS_TRY(tdx::ParseChain(crypto::BytesOf(content.issuer_chain)));
  const Validity validity = COCOS_TRY(ValidityOfAll(certificates));
  const Certificate root = COCOS_TRY(FindRoot(certificates, anchors));
  const Certificate ca = COCOS_TRY(FindCa(certificates, piece.ca, root));
  return CheckCrl(content.body, ca, validity);
}

Result<CheckedPiece> CheckRootCrl(const std::string& body, const std::string& issuer_pem,
                                  const tdx::TrustAnchors& anchors) {
  const auto certificates = COCOS_TRY(tdx::ParseChain(crypto::BytesOf(issuer_pem)));
  const Certificate root = COCOS_TRY(FindRoot(certificates, anchors));
  return CheckCrl(body, root, ValidityOf(root));
}

}  // namespace cocos::collateral
