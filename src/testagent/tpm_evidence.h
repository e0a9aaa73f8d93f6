// Evidence of a guest that has a TPM, alone or beside a TEE.
#pragma once

#include <string>

#include "testagent/evidence_source.h"
#include "testagent/snp_chip.h"
#include "testagent/tpm.h"

namespace cocos::testagent {

// Answers with quotes over all PCRs of every bank, by a key made for the answer, and the event log:
// `attest.Attestation`, as agents write it. The log is read anew each time, for the kernel adds to
// it.
class TpmEvidence final : public EvidenceSource {
 public:
  // `event_log_path`: TCG binary log; one that does not exist is left out of the evidence.
  // `chip`: whose report names the TPM's key and goes beside the quotes; none: no TEE. Borrowed.
  TpmEvidence(TpmAddress address, std::string event_log_path, const SnpChip* chip = nullptr)
      : address_(std::move(address)), event_log_path_(std::move(event_log_path)), chip_(chip) {}

  Result<std::string> Evidence(const EvidenceChallenge& challenge) override;

 private:
  const TpmAddress address_;
  const std::string event_log_path_;
  const SnpChip* const chip_;
};

}  // namespace cocos::testagent
