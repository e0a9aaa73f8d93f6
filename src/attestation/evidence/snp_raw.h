// Raw SNP evidence: the report, then perhaps the certificate table of the host.
#pragma once

#include <cstddef>
#include <span>

#include "attestation/evidence/evidence.h"
#include "base/result.h"

namespace cocos::attestation {

// A report (snp/report.h), then nothing or a certificate table (snp/certificate_table.h). Nothing
// is verified. Errors: kMalformed.
Result<SnpEvidence> DecodeSnpRaw(std::span<const std::byte> bytes);

// Whether bytes begin with what only SNP reports of known versions begin with. No other format of
// evidence does. A report need not follow: DecodeSnpRaw says.
bool LooksLikeSnpReport(std::span<const std::byte> bytes);

}  // namespace cocos::attestation
