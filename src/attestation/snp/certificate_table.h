// The certificate table that comes with an extended report: the buffer of SNP_GET_EXT_REPORT, or
// `auxblob` of configfs-tsm. AMD 56421 (GHCB), SNP Extended Guest Request; the GUIDs stand in the
// order of their text. Unauthenticated host input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
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
};

inline constexpr std::size_t kMaxCertificateTableEntries = 64;

// No bytes at all are an empty table; what no entry covers is ignored, as are unknown GUIDs.
// Errors: kMalformed for a table without its zero entry or with more than 64, an entry that is
// empty or lies outside the table or in its header, a GUID that is there twice.
Result<CertificateTable> ParseCertificateTable(std::span<const std::byte> bytes);

// A report and the table behind it, as views of the same bytes.
struct ExtendedReport {
  std::span<const std::byte> report;
  std::span<const std::byte> table;
};

// Errors: kMalformed for less than a report.
Result<ExtendedReport> SplitExtendedReport(std::span<const std::byte> bytes);

}  // namespace cocos::attestation::snp
