#include "attestation/igvm/file_builder.h"

#include <algorithm>
#include <bit>

namespace cocos::attestation::igvm {
namespace {

constexpr std::uint8_t kLastPlatformType = 6;
constexpr std::uint16_t kPlatformVersion = 1;

std::string_view SectionName(Section section) {
  switch (section) {
    case Section::kPlatform:
      return "platform";
    case Section::kInitialization:
      return "initialization";
    case Section::kDirective:
      return "directive";
  }
  return "";
}

}  // namespace

Result<void> CheckPageAligned(std::string_view what, std::uint64_t value) {
  if (value % kPageSize == 0) return {};
  return Malformed("alignment", "{} {:#x}, want a multiple of {:#x}", what, value, kPageSize);
}

Result<void> CheckReserved(std::string_view what, std::uint64_t value) {
  if (value == 0) return {};
  return Malformed("reserved", "{} {:#x}, want 0", what, value);
}

Result<void> FileBuilder::Add(const Header& header) {
  COCOS_TRY(CheckOrder(*header.kind));
  ++file_.header_count;
  return AddContent(header.kind->type, header.content);
}

Result<File> FileBuilder::Take() && {
  if (file_.platforms.empty()) {
    return Malformed("platform", "no SUPPORTED_PLATFORM header, want at least one");
  }
  return std::move(file_);
}

Result<void> FileBuilder::CheckOrder(const HeaderKind& kind) {
  if (kind.section < section_) {
    return Malformed("section_order", "{} header behind a {} header", SectionName(kind.section),
                     SectionName(section_));
  }
  section_ = kind.section;
  return {};
}

Result<void> FileBuilder::AddContent(HeaderType type, ByteReader content) {
  switch (type) {
    case HeaderType::kSupportedPlatform:
      return AddPlatform(content);
    case HeaderType::kGuestPolicy:
      return AddGuestPolicy(content);
    case HeaderType::kRelocatableRegion:
      return CheckRelocatableRegion(content);
    case HeaderType::kPageTableRelocation:
      return CheckPageTableRelocation(content);
    case HeaderType::kCorimDocument:
    case HeaderType::kCorimSignature:
      return CheckDocument(content);
    case HeaderType::kParameterArea:
      return AddParameterArea(content);
    case HeaderType::kPageData:
      return AddPageData(content);
    case HeaderType::kParameterInsert:
      return AddParameterInsert(content);
    case HeaderType::kVpContext:
      return AddVpContext(content);
    case HeaderType::kRequiredMemory:
      return CheckRequiredMemory(content);
    case HeaderType::kSnpIdBlock:
      return AddSnpIdBlock(content);
    case HeaderType::kErrorRange:
      return CheckErrorRange(content);
    case HeaderType::kVbsMeasurement:
      return {};  // signed identity of another platform; enters no measurement made here
    case HeaderType::kVpCount:
    case HeaderType::kSrat:
    case HeaderType::kMadt:
    case HeaderType::kMmioRanges:
    case HeaderType::kMemoryMap:
    case HeaderType::kCommandLine:
    case HeaderType::kSlit:
    case HeaderType::kPptt:
    case HeaderType::kDeviceTree:
    case HeaderType::kEnvironmentInfo:
      return CheckParameter(content);
  }
  return Malformed("header_length_or_type", "type {:#x} is unknown",
                   static_cast<std::uint32_t>(type));
}

Result<void> FileBuilder::AddPlatform(ByteReader content) {
  constexpr std::string_view kReason = "platform";
  Platform platform;
  platform.mask = content.Le<std::uint32_t>();
  platform.highest_vtl = content.Le<std::uint8_t>();
  const auto type = content.Le<std::uint8_t>();
  const auto version = content.Le<std::uint16_t>();
  platform.shared_gpa_boundary = content.Le<std::uint64_t>();
  if (std::popcount(platform.mask) != 1) {
    return Malformed(kReason, "compatibility mask {:#x}, want exactly one bit", platform.mask);
  }
  if (platform.highest_vtl != 0 && platform.highest_vtl != 2) {
    return Malformed(kReason, "highest VTL {}, want 0 or 2", platform.highest_vtl);
  }
  if (type > kLastPlatformType) {
    return Malformed(kReason, "platform type {}, want 0 to {}", type, kLastPlatformType);
  }
  if (version != kPlatformVersion) {
    return Malformed(kReason, "platform version {}, want {}", version, kPlatformVersion);
  }
  platform.type = PlatformType{type};
  for (const Platform& other : file_.platforms) {
    if (other.type == platform.type || other.mask == platform.mask) {
      return Malformed(kReason, "{} with mask {:#x} is declared beside {} with mask {:#x}",
                       PlatformName(platform.type), platform.mask, PlatformName(other.type),
                       other.mask);
    }
  }
  file_.platforms.push_back(platform);
  return {};
}

Result<void> FileBuilder::AddGuestPolicy(ByteReader content) {
  GuestPolicy policy;
  policy.policy = content.Le<std::uint64_t>();
  policy.mask = content.Le<std::uint32_t>();
  COCOS_TRY(CheckReserved("reserved field", content.Le<std::uint32_t>()));
  file_.policies.push_back(policy);
  return {};
}

Result<void> FileBuilder::CheckRelocatableRegion(ByteReader content) const {
  content.Skip(4 + 2 + 1 + 1);  // mask, VP index, VTL, flags
  COCOS_TRY(CheckPageAligned("alignment", content.Le<std::uint64_t>()));
  COCOS_TRY(CheckPageAligned("guest address", content.Le<std::uint64_t>()));
  COCOS_TRY(CheckPageAligned("size", content.Le<std::uint64_t>()));
  return {};
}

Result<void> FileBuilder::CheckPageTableRelocation(ByteReader content) const {
  content.Skip(4 + 2 + 1);  // mask, VP index, VTL
  COCOS_TRY(CheckReserved("reserved field", content.Le<std::uint8_t>()));
  COCOS_TRY(CheckPageAligned("guest address", content.Le<std::uint64_t>()));
  const auto size = content.Le<std::uint64_t>();
  const auto used = content.Le<std::uint64_t>();
  COCOS_TRY(CheckPageAligned("size", size));
  COCOS_TRY(CheckPageAligned("used size", used));
  if (used > size) {
    return Malformed("alignment", "used size {:#x}, want at most the size {:#x}", used, size);
  }
  return {};
}

Result<void> FileBuilder::CheckDocument(ByteReader content) const {
  content.Skip(4);  // mask
  const auto offset = content.Le<std::uint32_t>();
  const auto size = content.Le<std::uint32_t>();
  COCOS_TRY(CheckReserved("reserved field", content.Le<std::uint32_t>()));
  COCOS_TRY(FileData(offset, size));
  return {};
}

Result<std::span<const std::byte>> FileBuilder::FileData(std::uint64_t offset,
                                                         std::uint64_t size) const {
  if (offset < data_offset_ || offset > bytes_.size() || size > bytes_.size() - offset) {
    return Malformed("file_data_range",
                     "{:#x} bytes at {:#x}, want a part of the data {:#x} to {:#x}", size, offset,
                     data_offset_, bytes_.size());
  }
  return bytes_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

}  // namespace cocos::attestation::igvm
