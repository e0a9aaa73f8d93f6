// cvmctl verify: whether evidence in files was signed by genuine hardware and says what a policy
// demands. Offline: what it needs is in files, and the time may be given.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/evidence_files.h"
#include "cli/exit_status.h"
#include "cli/streams.h"

namespace cocos::cli {

// What all kinds of evidence have in common. Empty: not given.
struct VerifyOptions {
  PolicyFile policy;
  std::string policy_profile = "production";  // of a JSON policy
  std::string now;                            // the time to judge at; empty: the present
  std::string unofficial_root;                // PEM, trusted in place of the vendor's
  bool json = false;
};

struct VerifySnpOptions {
  VerifyOptions common;
  SnpFiles files;
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
  std::string pcrs;       // values that were delivered with the quote: vtpm/pcr_file.h
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
