#include "attestation/tdx/collateral.h"

#include <algorithm>
#include <array>

#include "attestation/tdx/certificate_chain.h"
#include "attestation/tdx/qe_identity.h"
#include "attestation/tdx/signed_json.h"
#include "attestation/tdx/tcb_info.h"
#include "crypto/digest.h"

namespace cocos::attestation::tdx {
namespace {

constexpr std::size_t kMaxCrlSize = 4UL * 1024 * 1024;

using Bytes = std::vector<std::byte>;
using Expiry = Result<crypto::TimePoint>;

Expiry ChainExpiry(const Bytes& pem) {
  const std::vector<crypto::Certificate> chain = COCOS_TRY(ParseChain(pem));
  crypto::TimePoint first = crypto::TimePoint::max();
  for (const crypto::Certificate& certificate : chain) {
    first = std::min(first, certificate.not_after());
  }
  return first;
}

Expiry CrlExpiry(const Bytes& bytes) {
  const crypto::Crl crl = COCOS_TRY(ParseCollateralCrl(bytes));
  return crl.next_update();
}

Expiry TcbInfoExpiry(const Bytes& bytes) {
  const SignedJson json = COCOS_TRY(CutSignedJson(bytes, "tcbInfo"));
  const TcbInfo info = COCOS_TRY(ParseTcbInfo(json.object));
  return info.validity.next_update;
}

Expiry QeIdentityExpiry(const Bytes& bytes) {
  const SignedJson json = COCOS_TRY(CutSignedJson(bytes, "enclaveIdentity"));
  const QeIdentity identity = COCOS_TRY(ParseQeIdentity(json.object));
  return identity.validity.next_update;
}

struct Row {
  CollateralPiece piece;
  std::string_view name;
  Bytes Collateral::*bytes;
  Expiry (*expiry)(const Bytes&);
};

constexpr std::array<Row, 7> kRows = {{
    {CollateralPiece::kTcbInfo, "tcb-info", &Collateral::tcb_info, TcbInfoExpiry},
    {CollateralPiece::kTcbInfoIssuerChain, "tcb-info-issuer-chain",
     &Collateral::tcb_info_issuer_chain, ChainExpiry},
    {CollateralPiece::kQeIdentity, "qe-identity", &Collateral::qe_identity, QeIdentityExpiry},
    {CollateralPiece::kQeIdentityIssuerChain, "qe-identity-issuer-chain",
     &Collateral::qe_identity_issuer_chain, ChainExpiry},
    {CollateralPiece::kRootCrl, "root-crl", &Collateral::root_crl, CrlExpiry},
    {CollateralPiece::kPckCrl, "pck-crl", &Collateral::pck_crl, CrlExpiry},
    {CollateralPiece::kPckChain, "pck-chain", &Collateral::pck_chain, ChainExpiry},
}};

bool IsHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

PieceState Describe(const Row& row, const Bytes& bytes) {
  PieceState state{.piece = row.piece, .present = !bytes.empty()};
  if (!state.present) return state;
  const Expiry expiry = row.expiry(bytes);
  if (expiry) {
    state.expires = *expiry;
  } else {
    state.problem = expiry.error().message();
  }
  return state;
}

}  // namespace

std::string_view CollateralPieceName(CollateralPiece piece) {
  for (const Row& row : kRows) {
    if (row.piece == piece) return row.name;
  }
  return "";
}

Result<void> CheckComplete(const Collateral& collateral) {
  for (const Row& row : kRows) {
    if (row.piece == CollateralPiece::kPckChain || !(collateral.*row.bytes).empty()) continue;
    return tl::unexpected(
        Error(ErrorCode::kFailedPrecondition, fmt::format("collateral: {} is missing", row.name))
            .WithReason(fmt::format("missing-{}", row.name)));
  }
  return {};
}

Result<crypto::Crl> ParseCollateralCrl(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxCrlSize) {
    return Fail(ErrorCode::kMalformed, "CRL: {} bytes, want at most {}", bytes.size(), kMaxCrlSize);
  }
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  // DER begins with 0x30, which is the digit 0; but the next octet of a list is no digit.
  if (text.empty() || !IsHex(text)) return crypto::Crl::FromDerOrPem(bytes);
  const Bytes der = COCOS_TRY(crypto::HexDecode(text));
  return crypto::Crl::FromDerOrPem(der);
}

std::vector<PieceState> DescribeCollateral(const Collateral& collateral) {
  std::vector<PieceState> states;
  for (const Row& row : kRows) states.push_back(Describe(row, collateral.*row.bytes));
  return states;
}

}  // namespace cocos::attestation::tdx
