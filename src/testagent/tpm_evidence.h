// Evidence of a guest that has a TPM and no TEE.
#pragma once

#include <string>

#include "testagent/evidence_source.h"
#include "testagent/tpm.h"

namespace cocos::testagent {

// Answers with quotes over all PCRs of every bank, by a key made for the answer, and the event log:
// `attest.Attestation`, as agents write it. The log is read anew each time, for the kernel adds to
// it.
class TpmEvidence final : public EvidenceSource {
 public:
  // `event_log_path`: TCG binary log; one that does not exist is left out of the evidence.
  TpmEvidence(TpmAddress address, std::string event_log_path)
      : address_(std::move(address)), event_log_path_(std::move(event_log_path)) {}

  Result<std::string> Evidence(const EvidenceChallenge& challenge) override;

 private:
  const TpmAddress address_;
  const std::string event_log_path_;
};

}  // namespace cocos::testagent
