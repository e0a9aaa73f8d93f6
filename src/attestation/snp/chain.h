// The chain of an endorsement key: ARK, then ASK and VCEK, or ASVK and VLEK.
// AMD 57230 (VCEK certificates and KDS interface), certificate formats and chain of trust.
#pragma once

#include <optional>

#include "attestation/snp/report.h"
#include "attestation/snp/trust_anchors.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/crl.h"

namespace cocos::attestation::snp {

// What AMD vouches with for the key that signed a report. Nothing here is verified.
struct Endorsements {
  crypto::Certificate vek;  // VCEK or VLEK
  crypto::Certificate ica;  // ASK or ASVK
  crypto::Certificate ark;
  std::optional<crypto::Crl> crl;  // the ARK's list for this ICA
};

// Which chain is expected.
struct ChainKind {
  Product product = Product::kMilan;
  SigningKey key = SigningKey::kVcek;  // or kVlek
};

// Checks, in this order: the ARK is a trust anchor of the product; each certificate has the names,
// key, signature (RSASSA-PSS, SHA-384, MGF1 with SHA-384, salt of 48 bytes, and by the key above
// it), constraints and validity that AMD gives it; the CRL, if there is one, is what CheckArkCrl
// wants and lists neither the ICA nor the ARK. Reads none of the VEK's own extensions. Gives the
// kind of root. Errors: kUntrusted saying which certificate and why.
Result<RootKind> CheckChain(const Endorsements& endorsements, const ChainKind& kind,
                            const TrustAnchors& anchors, crypto::TimePoint now);

// The part of CheckChain about ARK and ICA, for whoever keeps them without an endorsement key.
Result<RootKind> CheckIssuers(const crypto::Certificate& ica, const crypto::Certificate& ark,
                              const ChainKind& kind, const TrustAnchors& anchors,
                              crypto::TimePoint now);

// The CRL is signed by the ARK as AMD signs and is current; whom it lists is not looked at. The ARK
// is one that was checked. Errors: kUntrusted, with the reason that Crl::Verify gives.
Result<void> CheckArkCrl(const crypto::Crl& crl, const crypto::Certificate& ark,
                         crypto::TimePoint now);

}  // namespace cocos::attestation::snp
