#include "attestation/launch/snp_firmware.h"

#include <algorithm>

#include "attestation/launch/guid_table.h"

namespace cocos::attestation::launch {
namespace {

constexpr Guid kResetBlockGuid = ParseGuid("00f771de-1a7e-4fcb-890e-68c77e2fb44e");
constexpr Guid kMetadataGuid = ParseGuid("dc886566-984a-4798-a75e-5585a7bf67cc");
constexpr Guid kHashTableGuid = ParseGuid("7255371f-3a3b-4b04-927b-1da6efa8d454");

constexpr std::uint32_t kSignature = 0x56455341;  // "ASEV"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderSize = 16;
constexpr std::size_t kEntrySize = 12;
constexpr std::uint32_t kMaxSections = 64;
constexpr std::size_t kMaxImageBytes = std::size_t{64} << 20;
// Sections are memory the firmware uses before it knows how much there is: small.
constexpr std::uint64_t kMaxSectionBytes = std::uint64_t{256} << 20;

bool IsKnown(std::uint32_t type) {
  return (type >= 1 && type <= 4) ||
         type == static_cast<std::uint32_t>(SnpSectionType::kKernelHashes);
}

Result<SnpSection> ReadSection(ByteReader& reader) {
  SnpSection section;
  section.gpa = reader.Le<std::uint32_t>();
  section.size = reader.Le<std::uint32_t>();
  const auto type = reader.Le<std::uint32_t>();
  COCOS_TRY(reader.FinishPrefix("SEV metadata"));
  if (!IsKnown(type)) {
    return Fail(ErrorCode::kMalformed, "SEV metadata: section type {:#x}, want 1 to 4 or 0x10",
                type);
  }
  if (section.gpa % kPageBytes != 0 || section.size % kPageBytes != 0 || section.size == 0) {
    return Fail(ErrorCode::kMalformed, "SEV metadata: section of {:#x} bytes at {:#x}, want pages",
                section.size, section.gpa);
  }
  section.type = SnpSectionType{type};
  return section;
}

// The header; gives the number of sections.
Result<std::uint32_t> ReadHeader(ByteReader& reader) {
  const auto signature = reader.Le<std::uint32_t>();
  const auto size = reader.Le<std::uint32_t>();
  const auto version = reader.Le<std::uint32_t>();
  const auto count = reader.Le<std::uint32_t>();
  COCOS_TRY(reader.FinishPrefix("SEV metadata"));
  if (signature != kSignature) {
    return Fail(ErrorCode::kMalformed, "SEV metadata: signature {:#010x}, want {:#010x}", signature,
                kSignature);
  }
  if (version != kVersion) {
    return Fail(ErrorCode::kMalformed, "SEV metadata: version {}, want {}", version, kVersion);
  }
  if (count > kMaxSections || size != kHeaderSize + count * kEntrySize) {
    return Fail(ErrorCode::kMalformed, "SEV metadata: {} sections in {} bytes, want at most {}",
                count, size, kMaxSections);
  }
  return count;
}

Result<std::vector<SnpSection>> ReadSections(ByteReader reader) {
  const std::uint32_t count = COCOS_TRY(ReadHeader(reader));
  std::vector<SnpSection> sections;
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    sections.push_back(COCOS_TRY(ReadSection(reader)));
    total += sections.back().size;
  }
  if (total > kMaxSectionBytes) {
    return Fail(ErrorCode::kMalformed, "SEV metadata: sections of {:#x} bytes, want at most {:#x}",
                total, kMaxSectionBytes);
  }
  return sections;
}

Result<std::uint32_t> ReadApEip(const GuidTable& table) {
  const auto data = table.Find(kResetBlockGuid);
  if (!data) {
    return Fail(ErrorCode::kNotFound, "firmware image: no reset address for other processors");
  }
  ByteReader reader(*data);
  const auto eip = reader.Le<std::uint32_t>();
  COCOS_TRY(reader.Finish("SEV-ES reset block"));
  return eip;
}

Result<std::optional<std::uint32_t>> ReadHashTable(const GuidTable& table) {
  const auto data = table.Find(kHashTableGuid);
  if (!data) return std::nullopt;
  ByteReader reader(*data);
  const auto gpa = reader.Le<std::uint32_t>();
  const auto size = reader.Le<std::uint32_t>();
  COCOS_TRY(reader.Finish("SEV hash table area"));
  if (size == 0) return std::nullopt;  // as firmware says that it checks no hashes
  return gpa;
}

}  // namespace

bool SnpFirmware::HasSection(SnpSectionType type) const {
  return std::ranges::find(sections, type, &SnpSection::type) != sections.end();
}

Result<SnpFirmware> ParseSnpFirmware(std::span<const std::byte> image) {
  if (image.size() % kPageBytes != 0 || image.size() > kMaxImageBytes) {
    return Fail(ErrorCode::kMalformed, "firmware image of {} bytes, want whole pages, at most {}",
                image.size(), kMaxImageBytes);
  }
  const GuidTable table = COCOS_TRY(GuidTable::Parse(image));
  const ByteReader metadata = COCOS_TRY(table.Pointed(kMetadataGuid, image));
  SnpFirmware firmware;
  firmware.image = image;
  firmware.sections = COCOS_TRY(ReadSections(metadata));
  firmware.ap_eip = COCOS_TRY(ReadApEip(table));
  firmware.hash_table_gpa = COCOS_TRY(ReadHashTable(table));
  return firmware;
}

}  // namespace cocos::attestation::launch
