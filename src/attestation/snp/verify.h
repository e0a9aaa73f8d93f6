// Whether a report was signed by genuine firmware on a chip that AMD vouches for.
// AMD 56860 (SEV-SNP firmware ABI), ATTESTATION_REPORT; AMD 57230 (VCEK certificates and KDS).
#pragma once

#include <cstddef>
#include <span>

#include "attestation/snp/chain.h"
#include "attestation/snp/report.h"
#include "attestation/snp/trust_anchors.h"
#include "attestation/snp/vek.h"
#include "base/result.h"
#include "crypto/certificate.h"

namespace cocos::attestation::snp {

// The TCBs of a report, read with the layout of its product.
struct ReportTcbs {
  TcbVersion current;    // running now
  TcbVersion reported;   // that the signing key was derived from
  TcbVersion committed;  // below which the firmware cannot go back
  TcbVersion launch;     // that was current when the guest was launched
};

// A report whose signature, chain and binding to its endorsement key were checked. Only Verify
// makes one. Whether it says what a relying party wants to hear is the matter of CheckPolicy.
class VerifiedReport {
 public:
  const Report& report() const { return report_; }
  Product product() const { return vek_.product; }
  const VekIdentity& vek() const { return vek_; }
  const ReportTcbs& tcbs() const { return tcbs_; }
  RootKind root() const { return root_; }
  // The chip id was compared with that of the key. False for a VLEK and for a masked chip id.
  bool chip_bound() const { return chip_bound_; }
  // A current list of the ARK was given and does not name the intermediate.
  bool revocation_checked() const { return revocation_checked_; }
  // The first time at which the same endorsements no longer verify. For whoever keeps them.
  crypto::TimePoint endorsed_until() const { return endorsed_until_; }

 private:
  friend Result<VerifiedReport> Verify(std::span<const std::byte> report,
                                       const Endorsements& endorsements,
                                       const TrustAnchors& anchors, crypto::TimePoint now);
  VerifiedReport(Report report, VekIdentity vek, ReportTcbs tcbs, RootKind root)
      : report_(std::move(report)), vek_(std::move(vek)), tcbs_(tcbs), root_(root) {}

  Report report_;
  VekIdentity vek_;
  ReportTcbs tcbs_;
  RootKind root_;
  bool chip_bound_ = false;
  bool revocation_checked_ = false;
  crypto::TimePoint endorsed_until_;
};

// Errors: kMalformed for a report or certificate extensions that do not parse; kUntrusted for
// everything that parses and does not verify: an unsigned report, a processor without a known root,
// a chain that CheckChain refuses, a signature that is not the key's, a TCB or chip other than the
// key's, a product other than the certificate's.
Result<VerifiedReport> Verify(std::span<const std::byte> report, const Endorsements& endorsements,
                              const TrustAnchors& anchors, crypto::TimePoint now);

}  // namespace cocos::attestation::snp
