#include "attestation/snp/trust_anchors.h"

#include "crypto/digest.h"

namespace cocos::attestation::snp {

void TrustAnchors::AddUnofficialRoot(Product product, const crypto::Certificate& ark) {
  anchors_.push_back({product, RootKind::kUnofficial, crypto::HexEncode(ark.SpkiSha256())});
}

std::optional<RootKind> TrustAnchors::Find(Product product, const crypto::Certificate& ark) const {
  const std::string spki_sha256 = crypto::HexEncode(ark.SpkiSha256());
  for (const Anchor& anchor : anchors_) {
    if (anchor.product == product && anchor.spki_sha256 == spki_sha256) return anchor.kind;
  }
  return std::nullopt;
}

TrustAnchors AmdTrustAnchors() {
  TrustAnchors anchors;
  anchors.anchors_ = {
      {Product::kMilan, RootKind::kAmd,
       "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9"},
      {Product::kGenoa, RootKind::kAmd,
       "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831"},
      {Product::kTurin, RootKind::kAmd,
       "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08"},
  };
  return anchors;
}

}  // namespace cocos::attestation::snp
