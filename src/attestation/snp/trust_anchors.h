// The keys at which every chain must end.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/snp/policy.h"
#include "crypto/certificate.h"

namespace cocos::attestation::snp {

enum class RootKind {
  kAmd,         // AMD's key of this product
  kUnofficial,  // a key that a caller added
};

// Root keys by product. One made without arguments trusts nothing.
class TrustAnchors {
 public:
  // Trusts the key of this certificate for this product as if it were AMD's. For tests and
  // simulators: what verifies under it says nothing about hardware, and its claims say so.
  void AddUnofficialRoot(Product product, const crypto::Certificate& ark);

  // What kind of root the key of this certificate is for the product; none if it is not trusted.
  std::optional<RootKind> Find(Product product, const crypto::Certificate& ark) const;

 private:
  friend TrustAnchors AmdTrustAnchors();

  struct Anchor {
    Product product;
    RootKind kind;
    std::string spki_sha256;  // lower-case hexadecimal
  };
  std::vector<Anchor> anchors_;
};

// SHA-256 digests of the SubjectPublicKeyInfo of AMD's root keys (ARK) for Milan, Genoa and Turin.
// A key, not a certificate, is pinned: AMD may issue a root certificate anew.
TrustAnchors AmdTrustAnchors();

}  // namespace cocos::attestation::snp
