// Whether a piece of collateral is what it should be, before it is kept and when the cache is
// looked over. The verifiers check everything again whenever they use it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attestation/snp/trust_anchors.h"
#include "attestation/tdx/trust_anchors.h"
#include "base/result.h"
#include "collateral/piece.h"
#include "crypto/certificate.h"

namespace cocos::collateral {

using crypto::TimePoint;

struct TrustAnchors {
  snp::TrustAnchors amd;
  tdx::TrustAnchors intel;
};

// AMD's and Intel's own.
TrustAnchors VendorTrustAnchors();

// When a piece and the certificates it hangs on hold together.
struct Validity {
  TimePoint from;
  TimePoint until;  // the first moment at which it no longer holds

  bool HoldsAt(TimePoint time) const { return from <= time && time < until; }

  friend bool operator==(const Validity&, const Validity&) = default;
};

struct CheckedPiece {
  Validity validity;
  // Of what is published anew again and again: lists and signed JSON.
  std::optional<TimePoint> issued;

  friend bool operator==(const CheckedPiece&, const CheckedPiece&) = default;
};

// Whose certificates a piece is checked with, when they do not come with it: the chain for an SNP
// CRL or VCEK, any piece with Intel's root for the root CRL; in the order of preference. Empty: the
// piece needs none.
std::vector<Piece> IssuersOf(const Piece& piece);

// Everything but the time: that the content parses, is the piece asked for (product, chip, TCB,
// FMSPC, CA), and that its signatures lead to a trust anchor, at `now` or, when that is not in its
// validity, at the nearest moment that is. `issuer_pem` are the certificates of one of IssuersOf.
// Errors: kMalformed, kUntrusted.
Result<CheckedPiece> CheckPiece(const Piece& piece, const Content& content,
                                const std::string& issuer_pem, const TrustAnchors& anchors,
                                TimePoint now);

// "2026-01-31T23:59:59Z".
std::string TimeText(TimePoint time);

}  // namespace cocos::collateral
