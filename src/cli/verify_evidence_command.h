// cvmctl verify evidence: what an agent sent, in whatever format it sent it.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/evidence_files.h"
#include "cli/exit_status.h"
#include "cli/snp_collateral.h"
#include "cli/streams.h"
#include "cli/verify_context.h"

namespace cocos::cli {

// Empty: not given.
struct VerifyEvidenceOptions {
  VerifyOptions common;
  std::string file;
  std::string format = "auto";  // or a name of EvidenceFormatName
  // What the evidence must answer to: either the file that the agent was given as its client
  // certificate, or nonces in hexadecimal.
  std::string client_certificate;
  std::string tee_nonce;
  std::string tpm_nonce;
  SnpFiles snp;                     // vek, chain and crl
  SnpCollateralOptions collateral;  // of TDX, too
};

// kDone, kFailed or kMissingCollateral, with the judgement written. Errors, before anything is
// judged: files that cannot be read, a policy that does not parse, a time that is none, no
// challenge or two, an empty one.
Result<ExitStatus> VerifyEvidence(const VerifyEvidenceOptions& options, const Streams& streams);

}  // namespace cocos::cli
