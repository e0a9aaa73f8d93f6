#include "attestation/evidence/eat.h"

#include <algorithm>
#include <array>

namespace cocos::attestation {
namespace {

// RFC 9711 section 4.1: a nonce has 8 to 64 bytes.
constexpr std::size_t kMinNonceSize = 8;
constexpr std::size_t kMaxNonceSize = 64;

constexpr std::array<AgentPlatform, 6> kPlatforms = {AgentPlatform::kSnp,   AgentPlatform::kSnpVtpm,
                                                     AgentPlatform::kVtpm,  AgentPlatform::kTdx,
                                                     AgentPlatform::kAzure, AgentPlatform::kNoCc};

}  // namespace

Result<AgentPlatform> ParseAgentPlatform(std::string_view text) {
  const auto platform = std::ranges::find(kPlatforms, text, AgentPlatformName);
  if (platform != kPlatforms.end()) return *platform;
  return Fail(ErrorCode::kMalformed, "token: unknown platform type");
}

Result<void> CheckEatToken(const EatToken& token) {
  const std::size_t nonce_size = token.labels.nonce.size();
  if (nonce_size < kMinNonceSize || nonce_size > kMaxNonceSize) {
    return Fail(ErrorCode::kMalformed, "token: nonce of {} bytes, want {} to {}", nonce_size,
                kMinNonceSize, kMaxNonceSize);
  }
  if (token.raw_report.empty()) return Fail(ErrorCode::kMalformed, "token: raw report is empty");
  return {};
}

}  // namespace cocos::attestation
