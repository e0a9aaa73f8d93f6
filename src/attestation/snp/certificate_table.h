// The certificate table that comes with an extended report: the buffer of SNP_GET_EXT_REPORT, or
// `auxblob` of configfs-tsm. AMD 56421 (GHCB), section 4.1.8.1; the GUIDs stand in the order of
// their text. Unauthenticated host input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace cocos::attestation::snp {

// The blobs as they came, not parsed: DER or PEM; empty: not there.
struct CertificateTable {
  std::vector<std::byte> vcek;
  std::vector<std::byte> vlek;
  std::vector<std::byte> ask;  // or the ASVK, which has no GUID of its own
  std::vector<std::byte> ark;
  std::vector<std::byte> crl;
  std::optional<std::uint32_t> cpu_signature;  // CPUID(1).EAX, added by tools
  // Entries that mean nothing here: GUID as text in lower case ("63da758d-e664-...") to blob.
  std::map<std::string, std::vector<std::byte>> extras;
};

inline constexpr std::size_t kMaxCertificateTableEntries = 16;

// No bytes at all are an empty table; what no entry covers is ignored.
// Errors: kMalformed for a table without its zero entry or with more than 16, an entry that lies
// outside the table or in its header, and what AddTableEntry refuses.
Result<CertificateTable> ParseCertificateTable(std::span<const std::byte> bytes);

// Puts the blob of one entry, from wherever it came, in its place. `guid` is text in lower case
// with dashes. Errors: kMalformed for a blob of no bytes, a GUID that is there already, and
// platform info (size and CPUID, 8 bytes) that is not what it says.
Result<void> AddTableEntry(const std::string& guid, std::span<const std::byte> blob,
                           CertificateTable& table);

// A report and the table behind it, as views of the same bytes.
struct ExtendedReport {
  std::span<const std::byte> report;
  std::span<const std::byte> table;
};

// Errors: kMalformed for less than a report.
Result<ExtendedReport> SplitExtendedReport(std::span<const std::byte> bytes);

}  // namespace cocos::attestation::snp
