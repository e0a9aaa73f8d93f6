// Upper bounds on evidence, far above what agents send.
#pragma once

#include <cstddef>

namespace cocos::attestation {

inline constexpr std::size_t kMaxEvidenceSize = 4 << 20;
inline constexpr std::size_t kMaxEventLogSize = 1 << 20;
inline constexpr std::size_t kMaxTdxQuoteSize = 64 << 10;
inline constexpr std::size_t kMaxTpmQuotes = 8;
inline constexpr std::size_t kPcrCount = 24;
inline constexpr std::size_t kMaxIntermediateCertificates = 16;

}  // namespace cocos::attestation
