// Raw SNP evidence: the report, then perhaps the certificate table of the host.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/evidence/evidence.h"
#include "base/result.h"

namespace cocos::attestation {

inline constexpr std::size_t kSnpReportSize = 1184;

// 1,184 bytes of AMD 56860 structure ATTESTATION_REPORT, then nothing or a certificate table (AMD
// 56421, section 4.1.8.1: entries of GUID, offset, length; a zero entry; the data). Offsets count
// from the start of the table. Only the shape of the report is checked: version 2 to 5, signature
// algorithm 1, bit 17 of the guest policy, which is always one. Errors: kMalformed, also for more
// than 16 entries, a GUID twice, an empty entry, data outside of the table or over its entries.
Result<SnpEvidence> DecodeSnpRaw(std::span<const std::byte> bytes);

// The checks of the shape alone, for bytes that begin with a report.
Result<void> CheckSnpReportShape(std::span<const std::byte> bytes);

// Files one entry of a certificate table, from wherever it came, under what its GUID (lower-case
// text) stands for, else in `extras`. Errors: kMalformed for no data or a GUID filed before.
Result<void> FileTableEntry(const std::string& guid, std::span<const std::byte> data,
                            SnpEvidence& evidence);

}  // namespace cocos::attestation
