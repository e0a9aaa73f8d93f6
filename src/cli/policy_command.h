// cvmctl policy: what policy files of any format demand, and the same in another format.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/evidence_files.h"
#include "cli/exit_status.h"
#include "cli/policy_output.h"
#include "cli/streams.h"

namespace cocos::cli {

struct PolicyOptions {
  PolicyFile file;
  std::string profile = "production";  // of a JSON policy, which cannot say it
  bool json = false;
};

struct ConvertOptions {
  PolicyOptions policy;
  PolicyOutput output;
};

// Errors: files that cannot be read, and policies that do not parse or are refused, with their
// path.
Result<ExitStatus> ShowPolicy(const PolicyOptions& options, const Streams& streams);
Result<ExitStatus> CheckPolicyFile(const PolicyOptions& options, const Streams& streams);
// Demands that a reader of the other format does not check, and a signature that the result does
// not have, are told on `err`. Errors: also what the other format cannot hold.
Result<ExitStatus> ConvertPolicy(const ConvertOptions& options, const Streams& streams);

}  // namespace cocos::cli
