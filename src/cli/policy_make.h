// cvmctl policy make: a policy of what a guest is launched from.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/exit_status.h"
#include "cli/measure_command.h"
#include "cli/policy_output.h"
#include "cli/streams.h"

namespace cocos::cli {

// Reference values of one technology, and of a vTPM. Empty: not given.
struct MakeOptions {
  std::string name;
  std::string profile = "production";     // or "debug"
  std::vector<std::string> measurements;  // of SEV-SNP, hexadecimal
  std::vector<std::string> mr_tds;        // hexadecimal
  MeasureIgvmOptions igvm;
  MeasureSnpOptions firmware;
  MeasureTdxOptions tdx_firmware;
  std::string host_data;  // of SEV-SNP, hexadecimal
  std::string product;    // of SEV-SNP
  std::string pcrs;       // file: policy/pcr_values.h
  PolicyOutput output;
};

// The strictest policy that a guest of these references can meet on any platform that is up to
// date: all launch digests given are accepted, the guest policy is that of the IGVM file if it has
// one, revocation lists and collateral are required, a vTPM's key must be bound. The debug profile
// allows debugging and nothing else. What such a policy leaves open is told on `err`. kUsage, with
// a line on `err`, without references or with some of both technologies. Errors: files that cannot
// be read or measured, values that are not of their length.
Result<ExitStatus> MakePolicy(const MakeOptions& options, const Streams& streams);

}  // namespace cocos::cli
