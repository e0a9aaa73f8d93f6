// Verified collateral: what Intel says of a platform and its quoting enclave at one time.
#pragma once

#include <vector>

#include "attestation/tdx/certificate_chain.h"
#include "attestation/tdx/collateral.h"
#include "attestation/tdx/qe_identity.h"
#include "attestation/tdx/tcb_info.h"

namespace cocos::attestation::tdx {

struct PieceExpiry {
  CollateralPiece piece = CollateralPiece::kTcbInfo;
  crypto::TimePoint expires;

  friend bool operator==(const PieceExpiry&, const PieceExpiry&) = default;
};

// Only VerifyCollateral makes one.
class VerifiedCollateral {
 public:
  const TcbInfo& tcb_info() const { return tcb_info_; }
  const QeIdentity& qe_identity() const { return qe_identity_; }
  // Every piece, the PCK chain among them, with the end of its validity.
  const std::vector<PieceExpiry>& expiries() const { return expiries_; }

 private:
  friend Result<VerifiedCollateral> VerifyCollateral(const Collateral&, const VerifiedPckChain&,
                                                     const TrustAnchors&, crypto::TimePoint);
  VerifiedCollateral() = default;

  TcbInfo tcb_info_;
  QeIdentity qe_identity_;
  std::vector<PieceExpiry> expiries_;
};

// In this order (reference 6, steps 3 and 4): completeness; root CRL and whether it lists the
// intermediate CA; PCK CRL and whether it lists the leaf; TCB info and then the QE identity, each
// with its chain, whether the root CRL lists its signer, the signature over the exact bytes, the
// form, and the validity at `now`.
// Errors: those of CheckComplete; kUntrusted with a reason of QuoteError. Texts of Expired and
// NotYetValid name the piece and the time.
Result<VerifiedCollateral> VerifyCollateral(const Collateral& collateral,
                                            const VerifiedPckChain& pck_chain,
                                            const TrustAnchors& anchors, crypto::TimePoint now);

}  // namespace cocos::attestation::tdx
