// What the platform under a guest says of it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "attestation/evidence/binding.h"
#include "base/result.h"

namespace cocos::testagent {

// What evidence must answer to: the certificate file on the way to a manager, else the nonces of a
// request.
struct EvidenceChallenge {
  attestation::ReportData report_data{};
  attestation::TpmNonce tpm_nonce{};
};

class EvidenceSource {
 public:
  virtual ~EvidenceSource() = default;
  // One of the formats that agents send. Thread-safe. Errors say what the platform refused.
  virtual Result<std::string> Evidence(const EvidenceChallenge& challenge) = 0;
};

}  // namespace cocos::testagent
