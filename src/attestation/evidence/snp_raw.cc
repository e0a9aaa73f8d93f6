#include "attestation/evidence/snp_raw.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "attestation/evidence/limits.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"

namespace cocos::attestation {
namespace {

constexpr std::size_t kTableEntrySize = 24;

struct KnownEntry {
  std::string_view guid;
  std::vector<std::byte> SnpCertificates::*place;
};

// AMD 56421, section 4.1.8.1 and the GUID of a CRL that hosts put beside them.
constexpr std::array<KnownEntry, 5> kKnownEntries = {{
    {"63da758d-e664-4564-adc5-f4b93be8accd", &SnpCertificates::vcek},
    {"a8074bc2-a25a-483e-aae6-39c045a0b8a1", &SnpCertificates::vlek},
    {"4ab7b379-bbac-4fe4-a02f-05aef327c782", &SnpCertificates::ask},
    {"c0b406a4-a803-4952-9743-3fb6014cd0ae", &SnpCertificates::ark},
    {"92f81bc3-5811-4d3d-97ff-d19f88dc67ea", &SnpCertificates::crl},
}};

struct TableEntry {
  std::array<std::byte, 16> guid{};
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  bool operator==(const TableEntry&) const = default;
};

TableEntry ReadEntry(ByteReader& reader) {
  TableEntry entry;
  entry.guid = reader.Array<16>();
  entry.offset = reader.Le<std::uint32_t>();
  entry.length = reader.Le<std::uint32_t>();
  return entry;
}

// GUIDs of this table are stored as they are written, unlike those of firmware tables.
std::string GuidText(const std::array<std::byte, 16>& guid) {
  std::string text = crypto::HexEncode(guid);
  for (const std::size_t dash : {20u, 16u, 12u, 8u}) text.insert(dash, "-");
  return text;
}

Result<std::vector<TableEntry>> ReadEntries(std::span<const std::byte> table) {
  std::vector<TableEntry> entries;
  ByteReader reader(table);
  while (entries.size() <= kMaxCertificateTableEntries) {
    const TableEntry entry = ReadEntry(reader);
    COCOS_TRY(reader.FinishPrefix("certificate table"));
    if (entry == TableEntry{}) return entries;
    entries.push_back(entry);
  }
  return Fail(ErrorCode::kMalformed, "certificate table: more than {} entries",
              kMaxCertificateTableEntries);
}

Result<std::span<const std::byte>> EntryData(const TableEntry& entry, std::size_t header_size,
                                             std::span<const std::byte> table) {
  if (entry.offset < header_size || entry.offset > table.size() ||
      entry.length > table.size() - entry.offset) {
    return Fail(ErrorCode::kMalformed,
                "certificate table: entry of {} bytes at {} lies outside of {} to {}", entry.length,
                entry.offset, header_size, table.size());
  }
  return table.subspan(entry.offset, entry.length);
}

// No bytes, or nothing but the padding of an empty table, is a host without certificates.
Result<void> ReadTable(std::span<const std::byte> table, SnpEvidence& evidence) {
  if (table.empty()) return {};
  const std::vector<TableEntry> entries = COCOS_TRY(ReadEntries(table));
  const std::size_t header_size = (entries.size() + 1) * kTableEntrySize;
  for (const TableEntry& entry : entries) {
    const auto data = COCOS_TRY(EntryData(entry, header_size, table));
    COCOS_TRY(FileTableEntry(GuidText(entry.guid), data, evidence));
  }
  return {};
}

}  // namespace

Result<void> FileTableEntry(const std::string& guid, std::span<const std::byte> data,
                            SnpEvidence& evidence) {
  if (data.empty()) return Fail(ErrorCode::kMalformed, "certificate table: {} is empty", guid);
  const auto known = std::ranges::find(kKnownEntries, guid, &KnownEntry::guid);
  std::vector<std::byte>& place =
      known != kKnownEntries.end() ? evidence.certificates.*(known->place) : evidence.extras[guid];
  if (!place.empty()) return Fail(ErrorCode::kMalformed, "certificate table: {} twice", guid);
  place.assign(data.begin(), data.end());
  return {};
}

Result<void> CheckSnpReportShape(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  const auto version = reader.Le<std::uint32_t>();
  reader.Skip(4);  // guest SVN
  const auto guest_policy = reader.Le<std::uint64_t>();
  reader.Skip(0x34 - 0x10);
  const auto signature_algorithm = reader.Le<std::uint32_t>();
  reader.Skip(kSnpReportSize - 0x38);
  COCOS_TRY(reader.FinishPrefix("SNP report"));
  if (version < 2 || version > 5) {
    return Fail(ErrorCode::kMalformed, "SNP report: version {}, want 2 to 5", version);
  }
  if (signature_algorithm != 1) {
    return Fail(ErrorCode::kMalformed, "SNP report: signature algorithm {}, want 1",
                signature_algorithm);
  }
  if ((guest_policy >> 17 & 1) == 0) {
    return Fail(ErrorCode::kMalformed, "SNP report: guest policy {:#x}, want bit 17", guest_policy);
  }
  return {};
}

Result<SnpEvidence> DecodeSnpRaw(std::span<const std::byte> bytes) {
  COCOS_TRY(CheckSnpReportShape(bytes));
  const auto report = bytes.first(kSnpReportSize);
  SnpEvidence evidence;
  evidence.report.assign(report.begin(), report.end());
  COCOS_TRY(ReadTable(bytes.subspan(kSnpReportSize), evidence));
  return evidence;
}

}  // namespace cocos::attestation
