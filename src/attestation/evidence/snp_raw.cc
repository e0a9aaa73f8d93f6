#include "attestation/evidence/snp_raw.h"

#include <cstdint>

#include "attestation/snp/report.h"
#include "base/byte_reader.h"

namespace cocos::attestation {

// Version, bit 17 of the guest policy (always one), signature algorithm: AMD 56860, structure
// ATTESTATION_REPORT.
bool LooksLikeSnpReport(std::span<const std::byte> bytes) {
  if (bytes.size() < snp::kReportBytes) return false;
  ByteReader reader(bytes);
  const auto version = reader.Le<std::uint32_t>();
  reader.Skip(4);  // guest SVN
  const auto guest_policy = reader.Le<std::uint64_t>();
  reader.Skip(0x34 - 0x10);
  const auto signature_algorithm = reader.Le<std::uint32_t>();
  return version >= snp::kMinReportVersion && version <= snp::kMaxReportVersion &&
         (guest_policy >> 17 & 1) == 1 && signature_algorithm == 1;
}

Result<SnpEvidence> DecodeSnpRaw(std::span<const std::byte> bytes) {
  const snp::ExtendedReport parts = COCOS_TRY(snp::SplitExtendedReport(bytes));
  COCOS_TRY(snp::ParseReport(parts.report));
  SnpEvidence evidence;
  evidence.report.assign(parts.report.begin(), parts.report.end());
  evidence.certificates = COCOS_TRY(snp::ParseCertificateTable(parts.table));
  return evidence;
}

}  // namespace cocos::attestation
