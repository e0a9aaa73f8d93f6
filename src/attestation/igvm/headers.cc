#include "attestation/igvm/headers.h"

#include <algorithm>
#include <array>

#include "attestation/igvm/crc32.h"

namespace cocos::attestation::igvm {
namespace {

constexpr std::uint32_t kMagic = 0x4D564749;  // "IGVM"
constexpr std::size_t kHeaderSizeV1 = 24;
constexpr std::size_t kHeaderSizeV2 = 32;
constexpr std::size_t kChecksumOffset = 20;
constexpr std::uint32_t kArchitectureX64 = 0;
constexpr std::uint32_t kOptionalBit = 0x80000000;
constexpr std::size_t kAlignment = 8;

constexpr std::array kHeaderKinds = {
    HeaderKind{HeaderType::kSupportedPlatform, "SUPPORTED_PLATFORM", 16, Section::kPlatform},
    HeaderKind{HeaderType::kGuestPolicy, "GUEST_POLICY", 16, Section::kInitialization},
    HeaderKind{HeaderType::kRelocatableRegion, "RELOCATABLE_REGION", 48, Section::kInitialization},
    HeaderKind{HeaderType::kPageTableRelocation, "PAGE_TABLE_RELOCATION", 32,
               Section::kInitialization},
    HeaderKind{HeaderType::kCorimDocument, "CORIM_DOCUMENT", 16, Section::kInitialization},
    HeaderKind{HeaderType::kCorimSignature, "CORIM_SIGNATURE", 16, Section::kInitialization},
    HeaderKind{HeaderType::kParameterArea, "PARAMETER_AREA", 16, Section::kDirective},
    HeaderKind{HeaderType::kPageData, "PAGE_DATA", 24, Section::kDirective},
    HeaderKind{HeaderType::kParameterInsert, "PARAMETER_INSERT", 16, Section::kDirective},
    HeaderKind{HeaderType::kVpContext, "VP_CONTEXT", 20, Section::kDirective},
    HeaderKind{HeaderType::kRequiredMemory, "REQUIRED_MEMORY", 24, Section::kDirective},
    HeaderKind{HeaderType::kVpCount, "VP_COUNT_PARAMETER", 8, Section::kDirective},
    HeaderKind{HeaderType::kSrat, "SRAT", 8, Section::kDirective},
    HeaderKind{HeaderType::kMadt, "MADT", 8, Section::kDirective},
    HeaderKind{HeaderType::kMmioRanges, "MMIO_RANGES", 8, Section::kDirective},
    HeaderKind{HeaderType::kSnpIdBlock, "SNP_ID_BLOCK", 696, Section::kDirective},
    HeaderKind{HeaderType::kMemoryMap, "MEMORY_MAP", 8, Section::kDirective},
    HeaderKind{HeaderType::kErrorRange, "ERROR_RANGE", 16, Section::kDirective},
    HeaderKind{HeaderType::kCommandLine, "COMMAND_LINE", 8, Section::kDirective},
    HeaderKind{HeaderType::kSlit, "SLIT", 8, Section::kDirective},
    HeaderKind{HeaderType::kPptt, "PPTT", 8, Section::kDirective},
    HeaderKind{HeaderType::kVbsMeasurement, "VBS_MEASUREMENT", 864, Section::kDirective},
    HeaderKind{HeaderType::kDeviceTree, "DEVICE_TREE", 8, Section::kDirective},
    HeaderKind{HeaderType::kEnvironmentInfo, "ENVIRONMENT_INFO", 8, Section::kDirective},
};

constexpr std::string_view kFixedHeader = "fixed_header";

struct FixedHeader {
  std::uint32_t magic = 0;
  std::uint32_t format_version = 0;
  std::uint32_t variable_offset = 0;
  std::uint32_t variable_size = 0;
  std::uint32_t total_size = 0;
  std::uint32_t checksum = 0;
  std::uint32_t architecture = kArchitectureX64;
  std::uint32_t page_size = 4096;

  std::size_t size() const { return format_version == 2 ? kHeaderSizeV2 : kHeaderSizeV1; }
};

FixedHeader ReadFixedHeader(ByteReader& reader) {
  FixedHeader header;
  header.magic = reader.Le<std::uint32_t>();
  header.format_version = reader.Le<std::uint32_t>();
  header.variable_offset = reader.Le<std::uint32_t>();
  header.variable_size = reader.Le<std::uint32_t>();
  header.total_size = reader.Le<std::uint32_t>();
  header.checksum = reader.Le<std::uint32_t>();
  if (header.format_version == 2) {
    header.architecture = reader.Le<std::uint32_t>();
    header.page_size = reader.Le<std::uint32_t>();
  }
  return header;
}

Result<void> CheckIdentity(const FixedHeader& header) {
  if (header.magic != kMagic) {
    return Malformed(kFixedHeader, "magic {:#010x}, want {:#010x}", header.magic, kMagic);
  }
  if (header.format_version != 1 && header.format_version != 2) {
    return Malformed(kFixedHeader, "format version {}, want 1 or 2", header.format_version);
  }
  if (header.architecture != kArchitectureX64) {
    return Malformed(kFixedHeader, "architecture {}, want 0 (x64)", header.architecture);
  }
  if (header.page_size != 4096) {
    return Malformed(kFixedHeader, "page size {}, want 4096", header.page_size);
  }
  return {};
}

Result<void> CheckExtent(const FixedHeader& header, std::size_t file_size) {
  if (header.total_size != file_size) {
    return Malformed(kFixedHeader, "total file size {}, but there are {} bytes", header.total_size,
                     file_size);
  }
  if (header.variable_offset < header.size() || header.variable_offset % kAlignment != 0) {
    return Malformed(kFixedHeader, "variable headers at {:#x}, want a multiple of {} from {:#x} on",
                     header.variable_offset, kAlignment, header.size());
  }
  const std::uint64_t end = std::uint64_t{header.variable_offset} + header.variable_size;
  if (end >= header.total_size) {
    return Malformed(kFixedHeader, "variable headers end at {:#x}, want less than the file's {:#x}",
                     end, header.total_size);
  }
  return {};
}

// The reserved gap between the fixed header and the variable headers is not part of the checksum.
std::uint32_t ChecksumOf(std::span<const std::byte> fixed, std::span<const std::byte> variable) {
  constexpr std::array<std::byte, 4> kNoChecksum{};
  Crc32 crc;
  crc.Update(fixed.first(kChecksumOffset));
  crc.Update(kNoChecksum);
  crc.Update(fixed.subspan(kChecksumOffset + kNoChecksum.size()));
  crc.Update(variable);
  return crc.value();
}

const HeaderKind* FindKind(std::uint32_t type) {
  const auto* const found = std::ranges::find(kHeaderKinds, HeaderType{type}, &HeaderKind::type);
  return found == kHeaderKinds.end() ? nullptr : found;
}

}  // namespace

Result<Layout> ParseFixedHeader(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  const FixedHeader header = ReadFixedHeader(reader);
  if (!reader.ok()) {
    return Malformed(kFixedHeader, "file of {} bytes, want at least a fixed header of {}",
                     bytes.size(), header.size());
  }
  COCOS_TRY(CheckIdentity(header));
  COCOS_TRY(CheckExtent(header, bytes.size()));
  const auto variable = bytes.subspan(header.variable_offset, header.variable_size);
  const std::uint32_t checksum = ChecksumOf(bytes.first(header.size()), variable);
  if (checksum != header.checksum) {
    return Malformed("checksum", "checksum {:#010x}, but the headers have {:#010x}",
                     header.checksum, checksum);
  }
  return Layout{header.format_version, variable, header.variable_offset + variable.size()};
}

Result<Header> TakeHeader(ByteReader& headers) {
  constexpr std::string_view kReason = "header_length_or_type";
  const auto type = headers.Le<std::uint32_t>();
  const auto length = headers.Le<std::uint32_t>();
  if (!headers.ok()) return Malformed(kReason, "cut off, want a type and a length");
  const HeaderKind* const kind = FindKind(type);
  if (kind == nullptr && (type & kOptionalBit) != 0) {
    return Malformed("optional_header_skippable",
                     "type {:#x} is unknown; loaders may skip it, a measurement must not", type);
  }
  if (kind == nullptr) return Malformed(kReason, "type {:#x} is unknown", type);
  if (length != kind->size) {
    return Malformed(kReason, "{}: length {}, want {}", kind->name, length, kind->size);
  }
  const ByteReader content = headers.Sub(length);
  const bool zeros = headers.Zeros((kAlignment - length % kAlignment) % kAlignment);
  if (!headers.ok()) return Malformed(kReason, "{}: cut off", kind->name);
  if (!zeros) return Malformed("reserved", "{}: padding is not zero", kind->name);
  return Header{kind, content};
}

}  // namespace cocos::attestation::igvm
