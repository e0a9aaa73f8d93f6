// cvmctl verify: whether evidence in files was signed by genuine hardware and says what a policy
// demands. Offline: what it needs is in files, and the time may be given.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/evidence_files.h"
#include "cli/exit_status.h"
#include "cli/snp_collateral.h"
#include "cli/streams.h"
#include "cli/verify_context.h"

namespace cocos::cli {

struct VerifySnpOptions {
  VerifyOptions common;
  SnpFiles files;
  SnpCollateralOptions collateral;  // takes the places that the files leave empty
};

struct VerifyTdxOptions {
  VerifyOptions common;
  std::string quote;
  std::string collateral;  // a directory
};

struct VerifyTpmOptions {
  VerifyOptions common;   // no unofficial root: the key is given
  std::string key;        // TPMT_PUBLIC, TPM2B_PUBLIC or, for a key that the user vouches for, PEM
  std::string quote;      // TPMS_ATTEST
  std::string signature;  // TPMT_SIGNATURE
  std::string nonce;      // hexadecimal
  std::string pcrs;       // values that were delivered with the quote: policy/pcr_values.h
  std::string event_log;
};

// kDone, kFailed or kMissingCollateral, with the judgement written. Errors, before anything is
// judged: files that cannot be read, a policy that does not parse, a time that is none.
Result<ExitStatus> VerifySnp(const VerifySnpOptions& options, const Streams& streams);
Result<ExitStatus> VerifyTdx(const VerifyTdxOptions& options, const Streams& streams);
// Nothing here ties the key to hardware; the judgement says so, and a policy that demands a bound
// key refuses.
Result<ExitStatus> VerifyTpm(const VerifyTpmOptions& options, const Streams& streams);

}  // namespace cocos::cli
