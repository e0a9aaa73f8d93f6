// The two kinds of certificate chains of Intel's provisioning hierarchy. Intel SGX PCK Certificate
// and CRL Profile Specification; tdx reference 4 and 5.3.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "attestation/tdx/trust_anchors.h"
#include "base/result.h"
#include "crypto/certificate.h"

namespace cocos::attestation::tdx {

// PCK leaf, Platform or Processor CA, root. Only VerifyPckChain makes one.
class VerifiedPckChain {
 public:
  const crypto::Certificate& leaf() const { return leaf_; }
  const crypto::Certificate& intermediate() const { return intermediate_; }
  const crypto::Certificate& root() const { return root_; }
  crypto::TimePoint expires() const;  // when the first of the three does

 private:
  friend Result<VerifiedPckChain> VerifyPckChain(const std::vector<crypto::Certificate>&,
                                                 const TrustAnchors&, crypto::TimePoint);
  VerifiedPckChain(crypto::Certificate leaf, crypto::Certificate intermediate,
                   crypto::Certificate root)
      : leaf_(std::move(leaf)), intermediate_(std::move(intermediate)), root_(std::move(root)) {}

  crypto::Certificate leaf_;
  crypto::Certificate intermediate_;
  crypto::Certificate root_;
};

// TCB signing certificate, root. Only VerifyTcbSigningChain makes one.
class VerifiedSigningChain {
 public:
  const crypto::Certificate& signer() const { return signer_; }
  const crypto::Certificate& root() const { return root_; }
  crypto::TimePoint expires() const;

 private:
  friend Result<VerifiedSigningChain> VerifyTcbSigningChain(const std::vector<crypto::Certificate>&,
                                                            const TrustAnchors&, crypto::TimePoint);
  VerifiedSigningChain(crypto::Certificate signer, crypto::Certificate root)
      : signer_(std::move(signer)), root_(std::move(root)) {}

  crypto::Certificate signer_;
  crypto::Certificate root_;
};

// PEM certificates with nothing but white space and NUL bytes around them; at most 64 KiB.
// Errors: kMalformed, without a reason: it depends on where the chain comes from.
Result<std::vector<crypto::Certificate>> ParseChain(std::span<const std::byte> pem);

// Exactly three, in any order: the root by its key, the CA and the leaf by what they are. Each is
// for P-256 keys signed with ECDSA and SHA-256, valid at `now`, named after its issuer and signed
// by it. Revocation is not looked at. Errors: kUntrusted with the reason UntrustedRoot, Expired or
// NotYetValid.
Result<VerifiedPckChain> VerifyPckChain(const std::vector<crypto::Certificate>& chain,
                                        const TrustAnchors& anchors, crypto::TimePoint now);

// Exactly two; otherwise the same.
Result<VerifiedSigningChain> VerifyTcbSigningChain(const std::vector<crypto::Certificate>& chain,
                                                   const TrustAnchors& anchors,
                                                   crypto::TimePoint now);

}  // namespace cocos::attestation::tdx
