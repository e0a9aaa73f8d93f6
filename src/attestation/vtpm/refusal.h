// Why TPM evidence was refused, in stable short names: Error::reason() of every error of this
// module.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace cocos::attestation::vtpm {

namespace reason {

inline constexpr std::string_view kMalformed = "malformed";
inline constexpr std::string_view kBadMagic = "bad-magic";    // not made by a TPM
inline constexpr std::string_view kWrongType = "wrong-type";  // made by a TPM, but not a quote
inline constexpr std::string_view kKeyNotRestricted = "ak-not-restricted";
inline constexpr std::string_view kWeakKey = "weak-key";
inline constexpr std::string_view kWeakDigest = "weak-digest";
inline constexpr std::string_view kBadSignature = "bad-signature";
inline constexpr std::string_view kNonceMismatch = "nonce-mismatch";
inline constexpr std::string_view kMissingPcr = "missing-pcr";
inline constexpr std::string_view kPcrDigestMismatch = "pcr-digest-mismatch";
inline constexpr std::string_view kMalformedEventLog = "malformed-event-log";
inline constexpr std::string_view kReplayMismatch = "replay-mismatch";
inline constexpr std::string_view kBindingMismatch = "binding-mismatch";

}  // namespace reason

// An error with one of these reasons. Malformed input gets kMalformed as code, the rest kUntrusted.
template <typename... Args>
tl::unexpected<Error> Refuse(std::string_view why, fmt::format_string<Args...> format,
                             Args&&... args) {
  const bool malformed = why == reason::kMalformed || why == reason::kMalformedEventLog ||
                         why == reason::kBadMagic || why == reason::kWrongType;
  const ErrorCode code = malformed ? ErrorCode::kMalformed : ErrorCode::kUntrusted;
  return tl::unexpected(
      Error(code, fmt::format(format, std::forward<Args>(args)...)).WithReason(std::string(why)));
}

}  // namespace cocos::attestation::vtpm
