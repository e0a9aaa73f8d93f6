// What Intel publishes about platforms and enclaves, as the caller got it: raw bytes, not trusted.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/crl.h"

namespace cocos::attestation::tdx {

enum class CollateralPiece {
  kTcbInfo,
  kTcbInfoIssuerChain,
  kQeIdentity,
  kQeIdentityIssuerChain,
  kRootCrl,
  kPckCrl,
  kPckChain,
};

// "tcb-info", "tcb-info-issuer-chain", "qe-identity", "qe-identity-issuer-chain", "root-crl",
// "pck-crl", "pck-chain".
std::string_view CollateralPieceName(CollateralPiece piece);

// Empty: not there.
struct Collateral {
  std::vector<std::byte> tcb_info;                  // JSON, as received to the byte
  std::vector<std::byte> tcb_info_issuer_chain;     // PEM, not URL-encoded
  std::vector<std::byte> qe_identity;               // JSON
  std::vector<std::byte> qe_identity_issuer_chain;  // PEM; the same as that of TCB info
  std::vector<std::byte> root_crl;                  // DER, PEM or the DER in hex
  std::vector<std::byte> pck_crl;                   // of the CA that issued the PCK certificate
  // PEM; takes the place of the chain in the quote, for quotes that have none. Seldom needed.
  std::vector<std::byte> pck_chain;
};

// Every piece but the PCK chain is there.
// Errors: kFailedPrecondition with the reason "missing-<name of the first that is not>".
Result<void> CheckComplete(const Collateral& collateral);

// A CRL in one of its three forms, at most 4 MiB. Errors: kMalformed, without a reason.
Result<crypto::Crl> ParseCollateralCrl(std::span<const std::byte> bytes);

// What a piece says of itself. Nothing is verified: for showing what a cache holds.
struct PieceState {
  CollateralPiece piece = CollateralPiece::kTcbInfo;
  bool present = false;
  std::optional<crypto::TimePoint> expires;  // none: not present, or does not parse
  std::string problem;                       // why it does not parse

  bool StaleAt(crypto::TimePoint now) const { return expires && *expires < now; }
};

// All pieces, in the order of CollateralPiece.
std::vector<PieceState> DescribeCollateral(const Collateral& collateral);

}  // namespace cocos::attestation::tdx
