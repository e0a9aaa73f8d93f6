// What the verification of a test platform's evidence came to, in one word.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "attestation/tdx/verify.h"
#include "test_platform.h"

namespace cocos::attestation::tdx {

inline Result<VerifiedQuote> Verify(const TestPlatform& platform) {
  return VerifyQuote(platform.Quote(), platform.Collateral(), platform.Anchors(), platform.now);
}

// The status, or the reason it was refused for.
inline std::string OutcomeOf(const Result<VerifiedQuote>& result) {
  return result ? std::string(result->ResultName()) : result.error().reason();
}

inline std::string OutcomeOf(const TestPlatform& platform) { return OutcomeOf(Verify(platform)); }

// With other collateral than the platform's own.
inline std::string OutcomeWith(const TestPlatform& platform, const Collateral& collateral) {
  return OutcomeOf(VerifyQuote(platform.Quote(), collateral, platform.Anchors(), platform.now));
}

// With another quote than the platform's own.
inline std::string OutcomeWith(const TestPlatform& platform, const std::vector<std::byte>& quote) {
  return OutcomeOf(VerifyQuote(quote, platform.Collateral(), platform.Anchors(), platform.now));
}

// After one change to a platform with which everything is up to date.
inline std::string OutcomeAfter(const std::function<void(TestPlatform&)>& change) {
  TestPlatform platform;
  change(platform);
  return OutcomeOf(platform);
}

// Where the parts of a version 4 quote lie.
inline constexpr std::size_t kSignatureAt = 636;
inline constexpr std::size_t kAttestationKeyAt = kSignatureAt + 64;
inline constexpr std::size_t kQeReportAt = kAttestationKeyAt + 64 + 6;
inline constexpr std::size_t kQeReportSignatureAt = kQeReportAt + 384;
inline constexpr std::size_t kAuthenticationDataAt = kQeReportSignatureAt + 64 + 2;

}  // namespace cocos::attestation::tdx
