// Which root certificates chains may end in.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "crypto/certificate.h"

namespace cocos::attestation::tdx {

using Sha256Digest = std::array<std::byte, 32>;

// Root keys by the SHA-256 of their SubjectPublicKeyInfo; names prove nothing. Empty: trusts
// nobody.
class TrustAnchors {
 public:
  TrustAnchors() = default;

  // Adds a root of a private hierarchy: for tests and for labs, never for production.
  void Add(const Sha256Digest& spki_sha256) { pins_.push_back(spki_sha256); }
  void Add(const crypto::Certificate& root);

  bool Trusts(const crypto::Certificate& root) const;

 private:
  std::vector<Sha256Digest> pins_;
};

// "Intel SGX Root CA", serial 22650cd65a9d3489f383b49552bf501b392706ac.
TrustAnchors IntelTrustAnchors();

}  // namespace cocos::attestation::tdx
