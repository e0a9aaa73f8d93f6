#include "attestation/tdx/verify_collateral.h"

#include <fmt/chrono.h>

#include "attestation/tdx/quote_error.h"
#include "attestation/tdx/signed_json.h"

namespace cocos::attestation::tdx {
namespace {

using crypto::Certificate;
using crypto::TimePoint;

std::string TimeText(TimePoint time) { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", time); }

// Where a piece of signed JSON comes from and how its failures are called.
struct JsonPiece {
  CollateralPiece piece;
  CollateralPiece chain_piece;
  std::string_view member;
  QuoteError bad_signature;
};

constexpr JsonPiece kTcbInfoPiece = {CollateralPiece::kTcbInfo,
                                     CollateralPiece::kTcbInfoIssuerChain, "tcbInfo",
                                     QuoteError::kBadTcbInfoSignature};
constexpr JsonPiece kQeIdentityPiece = {CollateralPiece::kQeIdentity,
                                        CollateralPiece::kQeIdentityIssuerChain, "enclaveIdentity",
                                        QuoteError::kBadQeIdentitySignature};

QuoteError CrlErrorOf(const Error& error) {
  if (error.reason() == "expired") return QuoteError::kExpired;
  if (error.reason() == "not-yet-valid") return QuoteError::kNotYetValid;
  return QuoteError::kBadCrlSignature;
}

Result<crypto::Crl> VerifyCrl(CollateralPiece piece, const std::vector<std::byte>& bytes,
                              const Certificate& issuer, TimePoint now) {
  const std::string_view name = CollateralPieceName(piece);
  Result<crypto::Crl> crl = ParseCollateralCrl(bytes);
  if (!crl) {
    return Refuse(QuoteError::kBadCrlSignature, "{}: {}", name, crl.error().message());
  }
  if (crl->signature_scheme() != crypto::SignatureScheme::kEcdsaSha256) {
    return Refuse(QuoteError::kBadCrlSignature, "{}: want a signature by ECDSA with SHA-256", name);
  }
  const Result<void> verified = crl->Verify(issuer, now);
  if (verified) return crl;
  return Refuse(CrlErrorOf(verified.error()), "{}: {}", name, verified.error().message());
}

Result<void> CheckNotListed(const crypto::Crl& crl, const Certificate& certificate,
                            QuoteError error) {
  if (!crl.Lists(certificate)) return {};
  return Refuse(error, "certificate {}: revoked by {}", certificate.subject(), crl.issuer());
}

Result<void> CheckPeriod(CollateralPiece piece, const ValidityPeriod& validity, TimePoint now) {
  const std::string_view name = CollateralPieceName(piece);
  if (now < validity.issue_date) {
    return Refuse(QuoteError::kNotYetValid, "{}: issued at {}, judged at {}", name,
                  TimeText(validity.issue_date), TimeText(now));
  }
  if (now > validity.next_update) {
    return Refuse(QuoteError::kExpired, "{}: to be replaced by {}, judged at {}", name,
                  TimeText(validity.next_update), TimeText(now));
  }
  return {};
}

// What the pieces of signed JSON are judged with.
struct SigningContext {
  const TrustAnchors& anchors;
  const crypto::Crl& root_crl;
  TimePoint now;
};

// The chain of a signer that is not revoked.
Result<VerifiedSigningChain> VerifyIssuerChain(const JsonPiece& piece,
                                               const std::vector<std::byte>& pem,
                                               const SigningContext& context) {
  const std::vector<Certificate> parsed =
      COCOS_TRY(RefusedAs(piece.bad_signature, ParseChain(pem)));
  Result<VerifiedSigningChain> chain = VerifyTcbSigningChain(parsed, context.anchors, context.now);
  if (!chain) {
    return tl::unexpected(std::move(chain).error().Within(CollateralPieceName(piece.chain_piece)));
  }
  COCOS_TRY(CheckNotListed(context.root_crl, chain->signer(), QuoteError::kTcbSigningRevoked));
  return chain;
}

// The inside of the envelope, once it is known to be signed.
Result<std::span<const std::byte>> VerifySignedJson(const JsonPiece& piece,
                                                    const std::vector<std::byte>& text,
                                                    const VerifiedSigningChain& chain) {
  const SignedJson json =
      COCOS_TRY(RefusedAs(piece.bad_signature, CutSignedJson(text, piece.member)));
  const crypto::VerifyingKey key = COCOS_TRY(RefusedAs(piece.bad_signature, chain.signer().key()));
  if (key.curve() != crypto::Curve::kP256) {
    return Refuse(piece.bad_signature, "{}: its signer has no key on P-256", piece.member);
  }
  const Result<void> good =
      key.VerifyEcdsa(crypto::DigestAlgorithm::kSha256, json.object, json.signature);
  if (good) return json.object;
  return Refuse(piece.bad_signature, "{}: {}", CollateralPieceName(piece.piece),
                good.error().message());
}

}  // namespace

Result<VerifiedCollateral> VerifyCollateral(const Collateral& collateral,
                                            const VerifiedPckChain& pck_chain,
                                            const TrustAnchors& anchors, TimePoint now) {
  COCOS_TRY(CheckComplete(collateral));
  const crypto::Crl root_crl =
      COCOS_TRY(VerifyCrl(CollateralPiece::kRootCrl, collateral.root_crl, pck_chain.root(), now));
  COCOS_TRY(CheckNotListed(root_crl, pck_chain.intermediate(), QuoteError::kIntermediateRevoked));
  const crypto::Crl pck_crl = COCOS_TRY(
      VerifyCrl(CollateralPiece::kPckCrl, collateral.pck_crl, pck_chain.intermediate(), now));
  COCOS_TRY(CheckNotListed(pck_crl, pck_chain.leaf(), QuoteError::kPckRevoked));

  VerifiedCollateral verified;
  const SigningContext context{anchors, root_crl, now};
  const VerifiedSigningChain tcb_chain =
      COCOS_TRY(VerifyIssuerChain(kTcbInfoPiece, collateral.tcb_info_issuer_chain, context));
  const std::span<const std::byte> tcb_info =
      COCOS_TRY(VerifySignedJson(kTcbInfoPiece, collateral.tcb_info, tcb_chain));
  verified.tcb_info_ = COCOS_TRY(ParseTcbInfo(tcb_info));
  COCOS_TRY(CheckPeriod(CollateralPiece::kTcbInfo, verified.tcb_info_.validity, now));

  // Intel has one signer for both; the same bytes need no second look.
  const bool same_chain = collateral.qe_identity_issuer_chain == collateral.tcb_info_issuer_chain;
  const VerifiedSigningChain qe_chain =
      same_chain ? tcb_chain
                 : COCOS_TRY(VerifyIssuerChain(kQeIdentityPiece,
                                               collateral.qe_identity_issuer_chain, context));
  const std::span<const std::byte> identity =
      COCOS_TRY(VerifySignedJson(kQeIdentityPiece, collateral.qe_identity, qe_chain));
  verified.qe_identity_ = COCOS_TRY(ParseQeIdentity(identity));
  COCOS_TRY(CheckPeriod(CollateralPiece::kQeIdentity, verified.qe_identity_.validity, now));

  verified.expiries_ = {{CollateralPiece::kTcbInfo, verified.tcb_info_.validity.next_update},
                        {CollateralPiece::kTcbInfoIssuerChain, tcb_chain.expires()},
                        {CollateralPiece::kQeIdentity, verified.qe_identity_.validity.next_update},
                        {CollateralPiece::kQeIdentityIssuerChain, qe_chain.expires()},
                        {CollateralPiece::kRootCrl, root_crl.next_update()},
                        {CollateralPiece::kPckCrl, pck_crl.next_update()},
                        {CollateralPiece::kPckChain, pck_chain.expires()}};
  return verified;
}

}  // namespace cocos::attestation::tdx
