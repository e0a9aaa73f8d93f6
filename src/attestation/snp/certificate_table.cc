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

constexpr std::string_view kVcekGuid = "63da758de6644564adc5f4b93be8accd";
constexpr std::string_view kVlekGuid = "a8074bc2a25a483eaae639c045a0b8a1";
constexpr std::string_view kAskGuid = "4ab7b379bbac4fe4a02f05aef327c782";
constexpr std::string_view kArkGuid = "c0b406a4a803495297433fb6014cd0ae";
constexpr std::string_view kCrlGuid = "92f81bc358114d3d97ffd19f88dc67ea";
constexpr std::string_view kPlatformInfoGuid = "ecae0c0f950243b1afa20ae2e0d565b6";

struct Entry {
  Guid guid{};
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  friend bool operator==(const Entry&, const Entry&) = default;
};

tl::unexpected<Error> Malformed(std::string_view what) {
  return Fail(ErrorCode::kMalformed, "certificate table: {}", what);
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
  while (reader.ok()) {
    const Entry entry = ReadEntry(reader);
    if (reader.ok() && entry == Entry{}) return entries;
    if (reader.ok() && entry.guid == Guid{}) return Malformed("an entry without a GUID");
    if (entries.size() == kMaxCertificateTableEntries) return Malformed("too many entries");
    const bool seen = std::ranges::any_of(
        entries, [&entry](const Entry& other) { return other.guid == entry.guid; });
    if (reader.ok() && seen) return Malformed("a GUID is there twice");
    entries.push_back(entry);
  }
  return Malformed("ends before its zero entry");
}

Result<std::span<const std::byte>> BlobOf(std::span<const std::byte> table, const Entry& entry,
                                          std::size_t header_bytes) {
  if (entry.length == 0) return Malformed("an entry of no bytes");
  if (entry.offset < header_bytes) return Malformed("an entry points into the header");
  const std::uint64_t end = std::uint64_t{entry.offset} + entry.length;
  if (end > table.size()) return Malformed("an entry points behind the table");
  return table.subspan(entry.offset, entry.length);
}

Result<std::uint32_t> CpuSignatureOf(std::span<const std::byte> blob) {
  ByteReader reader(blob);
  const auto size = reader.Le<std::uint32_t>();
  const auto signature = reader.Le<std::uint32_t>();
  COCOS_TRY(reader.Finish("certificate table: platform info"));
  if (size != blob.size()) return Malformed("platform info of another size than it says");
  return signature;
}

// Where a blob belongs; nowhere for a GUID that is not known.
std::vector<std::byte>* PlaceOf(CertificateTable& table, std::string_view guid) {
  if (guid == kVcekGuid) return &table.vcek;
  if (guid == kVlekGuid) return &table.vlek;
  if (guid == kAskGuid) return &table.ask;
  if (guid == kArkGuid) return &table.ark;
  if (guid == kCrlGuid) return &table.crl;
  return nullptr;
}

}  // namespace

Result<CertificateTable> ParseCertificateTable(std::span<const std::byte> bytes) {
  CertificateTable table;
  if (bytes.empty()) return table;
  const std::vector<Entry> entries = COCOS_TRY(ReadEntries(bytes));
  const std::size_t header_bytes = (entries.size() + 1) * kEntryBytes;
  for (const Entry& entry : entries) {
    const std::span<const std::byte> blob = COCOS_TRY(BlobOf(bytes, entry, header_bytes));
    const std::string guid = crypto::HexEncode(entry.guid);
    if (std::vector<std::byte>* const place = PlaceOf(table, guid)) {
      place->assign(blob.begin(), blob.end());
    }
    if (guid == kPlatformInfoGuid) table.cpu_signature = COCOS_TRY(CpuSignatureOf(blob));
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
