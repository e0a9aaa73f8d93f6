#include "attestation/tdx/trust_anchors.h"

#include <algorithm>
#include <cstdint>
#include <span>

namespace cocos::attestation::tdx {
namespace {

constexpr std::array<std::uint8_t, 32> kIntelRootSpki = {
    0xa0, 0xaf, 0x03, 0x12, 0x89, 0xf5, 0xd5, 0xd4, 0x13, 0x2f, 0x91, 0x86, 0x06, 0x8a, 0x7f, 0xc1,
    0x36, 0x28, 0x63, 0x3b, 0xa2, 0x35, 0x77, 0x74, 0x72, 0xe2, 0x9b, 0x6b, 0x6c, 0x67, 0xa4, 0x9e};

Sha256Digest SpkiDigest(const crypto::Certificate& certificate) {
  Sha256Digest digest{};
  std::ranges::copy(certificate.SpkiSha256(), digest.begin());
  return digest;
}

}  // namespace

void TrustAnchors::Add(const crypto::Certificate& root) { Add(SpkiDigest(root)); }

bool TrustAnchors::Trusts(const crypto::Certificate& root) const {
  return std::ranges::find(pins_, SpkiDigest(root)) != pins_.end();
}

TrustAnchors IntelTrustAnchors() {
  Sha256Digest pin{};
  std::ranges::copy(std::as_bytes(std::span(kIntelRootSpki)), pin.begin());
  TrustAnchors anchors;
  anchors.Add(pin);
  return anchors;
}

}  // namespace cocos::attestation::tdx
