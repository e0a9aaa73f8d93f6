#include "collateral/snp_check.h"

#include <algorithm>
#include <array>

#include "attestation/snp/chain.h"
#include "attestation/snp/endorsements.h"
#include "attestation/snp/product.h"
#include "attestation/snp/vek.h"
#include "collateral/validity.h"
#include "crypto/crl.h"
#include "crypto/digest.h"

namespace cocos::collateral {
namespace {

using crypto::Certificate;

template <typename... Args>
tl::unexpected<Error> Untrusted(fmt::format_string<Args...> format, Args&&... args) {
  return Fail(ErrorCode::kUntrusted, format, std::forward<Args>(args)...);
}

struct Issuers {
  Certificate ica;
  Certificate ark;
  Validity validity;
};

Result<Issuers> ParseIssuers(const std::string& pem) {
  const snp::CertificateTable table = COCOS_TRY(snp::TableOfKdsChain(pem));
  const Certificate ica = COCOS_TRY(Certificate::FromDer(table.ask));
  const Certificate ark = COCOS_TRY(Certificate::FromDer(table.ark));
  const std::array<Certificate, 2> both = {ica, ark};
  const Validity validity = COCOS_TRY(ValidityOfAll(both));
  return Issuers{ica, ark, validity};
}

// That these are the certificates asked for and not, say, another product's or the other key's.
// Judged at a time when they hold: whether that is now is for the caller to say.
Result<Issuers> CheckIssuers(const snp::ChainKind& kind, const std::string& pem,
                             const snp::TrustAnchors& anchors) {
  Issuers issuers = COCOS_TRY(ParseIssuers(pem));
  COCOS_TRY(snp::CheckIssuers(issuers.ica, issuers.ark, kind, anchors, issuers.validity.from));
  return issuers;
}

// That the certificate is for the chip and TCB its file is named after.
Result<void> CheckIdentity(const SnpVcek& piece, const Certificate& vek) {
  const snp::VekIdentity identity = COCOS_TRY(snp::ReadVekIdentity(vek, snp::SigningKey::kVcek));
  if (identity.product != piece.product) {
    return Untrusted("VCEK: for {}, want {}", snp::ProductName(identity.product),
                     snp::ProductName(piece.product));
  }
  if (identity.hardware_id.size() > piece.chip_id.size() ||
      !std::ranges::equal(identity.hardware_id,
                          std::span(piece.chip_id).first(identity.hardware_id.size()))) {
    return Untrusted("VCEK: for chip {}, want {}", crypto::HexEncode(identity.hardware_id),
                     crypto::HexEncode(piece.chip_id));
  }
  if (identity.tcb != piece.tcb) {
    return Untrusted("VCEK: for TCB {}, want {}", TcbArgument(piece.product, identity.tcb),
                     TcbArgument(piece.product, piece.tcb));
  }
  return {};
}

}  // namespace

Result<CheckedPiece> CheckSnpChain(const SnpChain& piece, const std::string& pem,
                                   const snp::TrustAnchors& anchors) {
  const snp::ChainKind kind{.product = piece.product, .key = piece.key};
  const Issuers issuers = COCOS_TRY(CheckIssuers(kind, pem, anchors));
  return CheckedPiece{.validity = issuers.validity, .issued = std::nullopt};
}

// A list that names the ASK is kept: it is what tells the verifier.
Result<CheckedPiece> CheckSnpCrl(const SnpCrl& piece, const std::string& body,
                                 const std::string& chain_pem, const snp::TrustAnchors& anchors) {
  const snp::ChainKind kind{.product = piece.product, .key = piece.key};
  const Issuers issuers = COCOS_TRY(CheckIssuers(kind, chain_pem, anchors));
  const crypto::Crl crl = COCOS_TRY(crypto::Crl::FromDerOrPem(crypto::BytesOf(body)));
  COCOS_TRY(snp::CheckArkCrl(crl, issuers.ark, crl.this_update()));
  const Validity validity = COCOS_TRY(Intersect(ValidityOf(crl), ValidityOf(issuers.ark)));
  return CheckedPiece{.validity = validity, .issued = crl.this_update()};
}

Result<CheckedPiece> CheckSnpVcek(const SnpVcek& piece, const std::string& body,
                                  const std::string& chain_pem, const snp::TrustAnchors& anchors,
                                  TimePoint now) {
  const Issuers issuers = COCOS_TRY(ParseIssuers(chain_pem));
  const Certificate vek = COCOS_TRY(Certificate::FromDerOrPem(crypto::BytesOf(body)));
  const Validity validity = COCOS_TRY(Intersect(ValidityOf(vek), issuers.validity));
  const snp::Endorsements endorsements{vek, issuers.ica, issuers.ark, std::nullopt};
  const snp::ChainKind kind{.product = piece.product, .key = snp::SigningKey::kVcek};
  COCOS_TRY(snp::CheckChain(endorsements, kind, anchors, NearestTo(now, validity)));
  COCOS_TRY(CheckIdentity(piece, vek));
  return CheckedPiece{.validity = validity, .issued = std::nullopt};
}

}  // namespace cocos::collateral
