#include "collateral/check.h"

#include "collateral/overloaded.h"
#include "collateral/snp_check.h"
#include "collateral/tdx_check.h"

namespace cocos::collateral {

TrustAnchors VendorTrustAnchors() {
  return {.amd = snp::AmdTrustAnchors(), .intel = tdx::IntelTrustAnchors()};
}

std::vector<Piece> IssuersOf(const Piece& piece) {
  return std::visit(
      Overloaded{[](const SnpCrl& crl) {
                   return std::vector<Piece>{SnpChain{.product = crl.product, .key = crl.key}};
                 },
                 [](const SnpVcek& vcek) {
                   return std::vector<Piece>{
                       SnpChain{.product = vcek.product, .key = snp::SigningKey::kVcek}};
                 },
                 [](const TdxRootCrl&) {
                   return std::vector<Piece>{TdxPckCrl{tdx::PckCa::kPlatform},
                                             TdxPckCrl{tdx::PckCa::kProcessor}, TdxQeIdentity{}};
                 },
                 [](const auto&) { return std::vector<Piece>(); }},
      piece);
}

Result<CheckedPiece> CheckPiece(const Piece& piece, const Content& content,
                                const std::string& issuer_pem, const TrustAnchors& anchors,
                                TimePoint now) {
  return std::visit(
      Overloaded{
          [&](const SnpChain& p) { return CheckSnpChain(p, content.body, anchors.amd); },
          [&](const SnpCrl& p) { return CheckSnpCrl(p, content.body, issuer_pem, anchors.amd); },
          [&](const SnpVcek& p) {
            return CheckSnpVcek(p, content.body, issuer_pem, anchors.amd, now);
          },
          [&](const TdxTcbInfo& p) { return CheckTcbInfo(p, content, anchors.intel, now); },
          [&](const TdxQeIdentity&) { return CheckQeIdentity(content, anchors.intel, now); },
          [&](const TdxPckCrl& p) { return CheckPckCrl(p, content, anchors.intel); },
          [&](const TdxRootCrl&) { return CheckRootCrl(content.body, issuer_pem, anchors.intel); }},
      piece);
}

}  // namespace cocos::collateral
