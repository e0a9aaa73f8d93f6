// An SEV-SNP report as agents put it beside a TPM's quotes: taken apart, in go-sev-guest's words.
#pragma once

#include <string>

#include "base/result.h"
#include "testagent/snp_chip.h"

namespace cocos::testagent {

// `sevsnp.Attestation`: report and certificates, ASK and ARK in each other's place, as agents have
// sent them since v0.8.0. Errors: kMalformed for a certificate table that is none.
Result<std::string> SnpAttestationMessage(const SnpEvidence& evidence);

}  // namespace cocos::testagent
