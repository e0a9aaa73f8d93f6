#include "attestation/snp/certificate_table.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "attestation/snp/report.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"

namespace cocos::attestation::snp {
namespace {

constexpr std::size_t kEntryBytes = 24;

using Guid = std::array<std::byte, 16>;

struct KnownEntry {
  std::string_view guid;
  std::vector<std::byte> CertificateTable::*place;
};

constexpr std::array<KnownEntry, 5> kKnownEntries = {{
    {"63da758d-e664-4564-adc5-f4b93be8accd", &CertificateTable::vcek},
    {"a8074bc2-a25a-483e-aae6-39c045a0b8a1", &CertificateTable::vlek},
    {"4ab7b379-bbac-4fe4-a02f-05aef327c782", &CertificateTable::ask},
    {"c0b406a4-a803-4952-9743-3fb6014cd0ae", &CertificateTable::ark},
    {"92f81bc3-5811-4d3d-97ff-d19f88dc67ea", &CertificateTable::crl},
}};
constexpr std::string_view kPlatformInfoGuid = "ecae0c0f-9502-43b1-afa2-0ae2e0d565b6";

struct Entry {
  Guid guid{};
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  friend bool operator==(const Entry&, const Entry&) = default;
};

template <typename... Args>
tl::unexpected<Error> Malformed(fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected(
      Error(ErrorCode::kMalformed, fmt::format(format, std::forward<Args>(args)...))
          .Within("certificate table"));
}

// GUIDs of this table are stored as they are written, unlike those of firmware tables.
std::string GuidText(const Guid& guid) {
  std::string text = crypto::HexEncode(guid);
  for (const std::size_t dash : {20u, 16u, 12u, 8u}) text.insert(dash, "-");
  return text;
}

Entry ReadEntry(ByteReader& reader) {
  Entry entry;
  entry.guid = reader.Array<16>();
  entry.offset = reader.Le<std::uint32_t>();
  entry.length = reader.Le<std::uint32_t>();
  return entry;
}

// The entries before the zero entry that ends them.
Result<std::vector<Entry>> ReadEntries(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  std::vector<Entry> entries;
  while (entries.size() <= kMaxCertificateTableEntries) {
    const Entry entry = ReadEntry(reader);
    if (!reader.ok()) {
      return Malformed("{} bytes, which end before the zero entry", bytes.size());
    }
    if (entry == Entry{}) return entries;
    if (entry.guid == Guid{}) {
      return Malformed("an entry of {} bytes at {} without a GUID", entry.length, entry.offset);
    }
    entries.push_back(entry);
  }
  return Malformed("more than {} entries", kMaxCertificateTableEntries);
}

Result<std::span<const std::byte>> BlobOf(std::span<const std::byte> table, const Entry& entry,
                                          std::size_t header_bytes) {
  const std::uint64_t end = std::uint64_t{entry.offset} + entry.length;
  if (entry.offset < header_bytes || end > table.size()) {
    return Malformed("{}: {} bytes at {}, want a part of {} to {}", GuidText(entry.guid),
                     entry.length, entry.offset, header_bytes, table.size());
  }
  return table.subspan(entry.offset, entry.length);
}

Result<void> AddPlatformInfo(std::span<const std::byte> blob, CertificateTable& table) {
  ByteReader reader(blob);
  const auto size = reader.Le<std::uint32_t>();
  const auto signature = reader.Le<std::uint32_t>();
  COCOS_TRY(reader.Finish("certificate table: platform info"));
  if (size != blob.size()) {
    return Malformed("platform info of {} bytes, says {}", blob.size(), size);
  }
  if (table.cpu_signature) return Malformed("{} is there twice", kPlatformInfoGuid);
  table.cpu_signature = signature;
  return {};
}

}  // namespace

Result<void> AddTableEntry(const std::string& guid, std::span<const std::byte> blob,
                           CertificateTable& table) {
  if (blob.empty()) return Malformed("{} is an entry of no bytes", guid);
  if (guid == kPlatformInfoGuid) return AddPlatformInfo(blob, table);
  const auto known = std::ranges::find(kKnownEntries, guid, &KnownEntry::guid);
  std::vector<std::byte>& place =
      known != kKnownEntries.end() ? table.*(known->place) : table.extras[guid];
  if (!place.empty()) return Malformed("{} is there twice", guid);
  place.assign(blob.begin(), blob.end());
  return {};
}

Result<CertificateTable> ParseCertificateTable(std::span<const std::byte> bytes) {
  CertificateTable table;
  if (bytes.empty()) return table;
  const std::vector<Entry> entries = COCOS_TRY(ReadEntries(bytes));
  const std::size_t header_bytes = (entries.size() + 1) * kEntryBytes;
  for (const Entry& entry : entries) {
    const std::span<const std::byte> blob = COCOS_TRY(BlobOf(bytes, entry, header_bytes));
    COCOS_TRY(AddTableEntry(GuidText(entry.guid), blob, table));
  }
  return table;
}

Result<ExtendedReport> SplitExtendedReport(std::span<const std::byte> bytes) {
  if (bytes.size() < kReportBytes) {
    return Fail(ErrorCode::kMalformed, "extended report: {} bytes, want at least {}", bytes.size(),
                kReportBytes);
  }
  return ExtendedReport{bytes.first(kReportBytes), bytes.subspan(kReportBytes)};
}

}  // namespace cocos::attestation::snp
