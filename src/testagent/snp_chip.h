// A simulated SEV-SNP processor. Its keys lead to a root that only tests trust: what it signs says
// nothing of any hardware.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/key.h"
#include "testagent/evidence_source.h"

namespace cocos::testagent {

struct SnpEvidence {
  std::vector<std::byte> report;        // ATTESTATION_REPORT, signed
  std::vector<std::byte> certificates;  // a certificate table
};

// Answers with a report and its certificate table, as /dev/sev-guest gives them. AMD 56860,
// MSG_REPORT_REQ.
class SnpChip final : public EvidenceSource {
 public:
  // A JSON object as the simulated host writes it:
  //   report        hexadecimal; everything but report data and signature, 1184 bytes
  //   key           PEM, on P-384
  //   certificates  hexadecimal; a certificate table (attestation/snp/certificate_table.h)
  //   report_data   hexadecimal, optional: signed whatever was asked for, to be caught at it
  // Errors: kMalformed naming the member.
  static Result<std::unique_ptr<SnpChip>> Parse(std::string_view json);

  Result<SnpEvidence> Sign(const attestation::ReportData& report_data) const;
  Result<std::string> Evidence(const EvidenceChallenge& challenge) override;

 private:
  using Bytes = std::vector<std::byte>;
  SnpChip(Bytes report, Bytes certificates, Bytes forced, crypto::SigningKey key)
      : report_(std::move(report)),
        certificates_(std::move(certificates)),
        forced_report_data_(std::move(forced)),
        key_(std::move(key)) {}

  const Bytes report_;
  const Bytes certificates_;
  const Bytes forced_report_data_;  // empty: none
  const crypto::SigningKey key_;
};

}  // namespace cocos::testagent
