#include "attestation/launch/tdvf.h"

#include <algorithm>

#include "attestation/launch/digest384.h"
#include "attestation/launch/guid_table.h"

namespace cocos::attestation::launch {
namespace {

constexpr Guid kMetadataGuid = ParseGuid("e47a6535-984a-4798-865e-4685a7bf8ec2");
constexpr std::uint32_t kSignature = 0x46564454;  // "TDVF"
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kHeaderSize = 16;
constexpr std::uint32_t kSectionSize = 32;
constexpr std::uint32_t kMinSections = 2;
constexpr std::uint32_t kMaxSections = 64;
constexpr std::uint32_t kAttributeExtend = 1 << 0;
constexpr std::size_t kMaxImageBytes = std::size_t{64} << 20;
// Firmware and the little memory it starts with.
constexpr std::uint64_t kMaxMemoryBytes = std::uint64_t{256} << 20;

struct RawSection {
  std::uint32_t data_offset = 0;
  std::uint32_t raw_size = 0;
  std::uint64_t gpa = 0;
  std::uint64_t memory_size = 0;
  std::uint32_t type = 0;
  std::uint32_t attributes = 0;
};

RawSection ReadRaw(ByteReader& reader) {
  RawSection raw;
  raw.data_offset = reader.Le<std::uint32_t>();
  raw.raw_size = reader.Le<std::uint32_t>();
  raw.gpa = reader.Le<std::uint64_t>();
  raw.memory_size = reader.Le<std::uint64_t>();
  raw.type = reader.Le<std::uint32_t>();
  raw.attributes = reader.Le<std::uint32_t>();
  return raw;
}

bool IsVolume(TdvfSectionType type) {
  return type == TdvfSectionType::kBfv || type == TdvfSectionType::kCfv;
}

Result<void> CheckMemory(const RawSection& raw) {
  if (raw.gpa % kPageBytes != 0 || raw.memory_size % kPageBytes != 0 || raw.memory_size == 0) {
    return Fail(ErrorCode::kMalformed, "{:#x} bytes at {:#x}, want whole pages", raw.memory_size,
                raw.gpa);
  }
  if (raw.memory_size > kMaxMemoryBytes || raw.gpa > UINT64_MAX - raw.memory_size) {
    return Fail(ErrorCode::kMalformed, "{:#x} bytes at {:#x}, want at most {:#x}", raw.memory_size,
                raw.gpa, kMaxMemoryBytes);
  }
  return {};
}

Result<void> CheckData(const RawSection& raw, std::size_t image_size) {
  if (raw.raw_size > raw.memory_size) {
    return Fail(ErrorCode::kMalformed, "{:#x} bytes of data for {:#x} bytes of memory",
                raw.raw_size, raw.memory_size);
  }
  if (raw.data_offset > image_size || raw.raw_size > image_size - raw.data_offset) {
    return Fail(ErrorCode::kMalformed, "{:#x} bytes of data at {:#x}, but the image has {:#x}",
                raw.raw_size, raw.data_offset, image_size);
  }
  const bool wants_data = IsVolume(TdvfSectionType{raw.type});
  if (wants_data != (raw.raw_size > 0)) {
    return Fail(ErrorCode::kMalformed, "{:#x} bytes of data, want {}", raw.raw_size,
                wants_data ? "some" : "none");
  }
  return {};
}

Result<TdvfSection> CheckSection(const RawSection& raw, std::span<const std::byte> image) {
  if (raw.type > static_cast<std::uint32_t>(TdvfSectionType::kTempMem)) {
    return Fail(ErrorCode::kMalformed, "type {}, want 0 to 3", raw.type);
  }
  // PAGE.AUG and unknown bits: VMMs disagree, so there is no one measurement.
  if ((raw.attributes & ~kAttributeExtend) != 0) {
    return Fail(ErrorCode::kMalformed, "attributes {:#x}, want 0 or 1", raw.attributes);
  }
  COCOS_TRY(CheckMemory(raw));
  COCOS_TRY(CheckData(raw, image.size()));
  return TdvfSection{.data = image.subspan(raw.data_offset, raw.raw_size),
                     .gpa = raw.gpa,
                     .memory_size = raw.memory_size,
                     .type = TdvfSectionType{raw.type},
                     .measured = (raw.attributes & kAttributeExtend) != 0};
}

// The header; gives the number of sections.
Result<std::uint32_t> ReadHeader(ByteReader& reader) {
  const auto signature = reader.Le<std::uint32_t>();
  const auto length = reader.Le<std::uint32_t>();
  const auto version = reader.Le<std::uint32_t>();
  const auto count = reader.Le<std::uint32_t>();
  if (!reader.ok()) return Fail(ErrorCode::kMalformed, "cut off");
  if (signature != kSignature) {
    return Fail(ErrorCode::kMalformed, "signature {:#010x}, want {:#010x}", signature, kSignature);
  }
  if (version != kVersion) {
    return Fail(ErrorCode::kMalformed, "version {}, want {}", version, kVersion);
  }
  if (count < kMinSections || count > kMaxSections) {
    return Fail(ErrorCode::kMalformed, "{} sections, want {} to {}", count, kMinSections,
                kMaxSections);
  }
  if (length != kHeaderSize + count * kSectionSize) {
    return Fail(ErrorCode::kMalformed, "length {} for {} sections, want {}", length, count,
                kHeaderSize + count * kSectionSize);
  }
  return count;
}

bool Overlap(const TdvfSection& a, const TdvfSection& b) {
  return a.gpa < b.gpa + b.memory_size && b.gpa < a.gpa + a.memory_size;
}

Result<void> CheckTogether(const std::vector<TdvfSection>& sections) {
  const auto hobs = std::ranges::count(sections, TdvfSectionType::kTdHob, &TdvfSection::type);
  if (hobs != 1) return Fail(ErrorCode::kMalformed, "{} sections of type TD_HOB, want 1", hobs);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    total += sections[i].memory_size;
    for (std::size_t j = 0; j < i; ++j) {
      if (!Overlap(sections[i], sections[j])) continue;
      return Fail(ErrorCode::kMalformed, "sections {} and {} overlap", j, i);
    }
  }
  if (total <= kMaxMemoryBytes) return {};
  return Fail(ErrorCode::kMalformed, "sections of {:#x} bytes, want at most {:#x}", total,
              kMaxMemoryBytes);
}

Result<Tdvf> ReadMetadata(ByteReader reader, std::span<const std::byte> image) {
  const std::uint32_t count = COCOS_TRY(ReadHeader(reader));
  Tdvf tdvf;
  for (std::uint32_t i = 0; i < count; ++i) {
    const RawSection raw = ReadRaw(reader);
    if (!reader.ok()) return Fail(ErrorCode::kMalformed, "section {}: cut off", i);
    Result<TdvfSection> section = CheckSection(raw, image);
    if (!section) {
      return tl::unexpected(std::move(section.error()).Within(fmt::format("section {}", i)));
    }
    tdvf.sections.push_back(*section);
  }
  COCOS_TRY(CheckTogether(tdvf.sections));
  return tdvf;
}

}  // namespace

const TdvfSection& Tdvf::td_hob() const {
  const auto found = std::ranges::find(sections, TdvfSectionType::kTdHob, &TdvfSection::type);
  COCOS_CHECK(found != sections.end());
  return *found;
}

Result<Tdvf> ParseTdvf(std::span<const std::byte> image) {
  if (image.size() > kMaxImageBytes) {
    return Fail(ErrorCode::kMalformed, "firmware image of {} bytes, want at most {}", image.size(),
                kMaxImageBytes);
  }
  const GuidTable table = COCOS_TRY(GuidTable::Parse(image));
  const ByteReader metadata = COCOS_TRY(table.Pointed(kMetadataGuid, image));
  Result<Tdvf> tdvf = ReadMetadata(metadata, image);
  if (!tdvf) return tl::unexpected(std::move(tdvf.error()).Within("TDVF metadata"));
  return tdvf;
}

}  // namespace cocos::attestation::launch
