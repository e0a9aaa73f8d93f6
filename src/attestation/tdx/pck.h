// What a PCK certificate says of its platform. Intel SGX PCK Certificate and CRL Profile
// Specification, section 1.3.5 (extension 1.2.840.113741.1.13.1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "crypto/certificate.h"

namespace cocos::attestation::tdx {

inline constexpr char kSgxExtensionId[] = "1.2.840.113741.1.13.1";

enum class SgxType { kStandard, kScalable, kScalableWithIntegrity };

// Of platforms that were registered as a whole; absent flags are not told.
struct PlatformConfiguration {
  std::optional<bool> dynamic_platform;
  std::optional<bool> cached_keys;
  std::optional<bool> smt_enabled;

  friend bool operator==(const PlatformConfiguration&, const PlatformConfiguration&) = default;
};

struct PckInfo {
  std::array<std::byte, 16> ppid{};
  std::array<std::uint8_t, 16> sgx_svns{};  // the components that TCB levels are compared with
  std::uint16_t pce_svn = 0;
  std::array<std::byte, 16> cpu_svn{};
  std::array<std::byte, 2> pce_id{};
  std::array<std::byte, 6> fmspc{};
  SgxType sgx_type = SgxType::kStandard;
  std::optional<std::array<std::byte, 16>> platform_instance_id;
  std::optional<PlatformConfiguration> configuration;
};

// Entries are found by their object id; those that are not known say nothing here.
// Errors: kMalformed with the reason UnsupportedQuote, for a certificate without the extension, a
// required entry that is missing, one of another type or size, and one that is there twice.
Result<PckInfo> ParsePckInfo(const crypto::Certificate& pck);

// The same from the extension's value.
Result<PckInfo> ParseSgxExtension(std::span<const std::byte> der);

}  // namespace cocos::attestation::tdx
