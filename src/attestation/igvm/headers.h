// The outer form of IGVM files: fixed header, checksum, and the list of variable headers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/byte_reader.h"
#include "base/result.h"

namespace cocos::attestation::igvm {

// An error with one of the reasons ParseFile lists.
template <typename... Args>
tl::unexpected<Error> Malformed(std::string_view reason, fmt::format_string<Args...> format,
                                Args&&... args) {
  return tl::unexpected(
      Error(ErrorCode::kMalformed, fmt::format(format, std::forward<Args>(args)...))
          .WithReason(std::string(reason)));
}

struct Layout {
  std::uint32_t format_version = 0;
  std::span<const std::byte> variable_headers;
  std::size_t data_offset = 0;  // where file data begins
};

// IGVM_FIXED_HEADER and the checksum over it and the variable headers.
// Errors: kMalformed, "fixed_header" or "checksum".
Result<Layout> ParseFixedHeader(std::span<const std::byte> bytes);

// Values of IGVM_VHT_*.
enum class HeaderType : std::uint32_t {
  kSupportedPlatform = 0x001,
  kGuestPolicy = 0x101,
  kRelocatableRegion = 0x102,
  kPageTableRelocation = 0x103,
  kCorimDocument = 0x104,
  kCorimSignature = 0x105,
  kParameterArea = 0x301,
  kPageData = 0x302,
  kParameterInsert = 0x303,
  kVpContext = 0x304,
  kRequiredMemory = 0x305,
  kVpCount = 0x307,
  kSrat = 0x308,
  kMadt = 0x309,
  kMmioRanges = 0x30A,
  kSnpIdBlock = 0x30B,
  kMemoryMap = 0x30C,
  kErrorRange = 0x30D,
  kCommandLine = 0x30E,
  kSlit = 0x30F,
  kPptt = 0x310,
  kVbsMeasurement = 0x311,
  kDeviceTree = 0x312,
  kEnvironmentInfo = 0x313,
};

// The order of a file.
enum class Section { kPlatform, kInitialization, kDirective };

struct HeaderKind {
  HeaderType type;
  std::string_view name;
  std::size_t size;  // of the content
  Section section;
};

// One variable header: its kind is known and its content has the size of that kind.
struct Header {
  const HeaderKind* kind = nullptr;
  ByteReader content;
};

// Takes the next header off the front. Errors: kMalformed, "header_length_or_type",
// "optional_header_skippable" or "reserved" (padding that is not zero).
Result<Header> TakeHeader(ByteReader& headers);

}  // namespace cocos::attestation::igvm
