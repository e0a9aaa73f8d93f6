// cvmctl explain-measurement: why a report carries another launch digest than expected.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/exit_status.h"
#include "cli/measure_command.h"
#include "cli/streams.h"

namespace cocos::cli {

// A launch as it is believed to have been, of exactly one kind: SEV-SNP firmware, an IGVM file or
// TDX firmware. Options of the other kinds have no effect.
struct ExplainOptions {
  MeasureSnpOptions launch;       // its kernel is also that of TDX firmware
  bool no_kernel_hashes = false;  // a kernel is handed over, but not hashed
  MeasureIgvmOptions igvm;        // measured also where KVM cannot launch it
  std::string tdx_firmware;
  std::string order = "single-pass";     // as in MeasureTdxOptions
  std::string observed;                  // the digest seen, hexadecimal
  std::vector<std::string> other_files;  // firmware and IGVM files that may have been used instead
  bool json = false;
};

// kDone: a launch gives the digest, and what is different about it is written. kFailed: none that
// is near does. kUsage, with a line on `err`, for options that do not go together. Errors: files
// that cannot be read or measured, with their paths.
Result<ExitStatus> ExplainMeasurement(const ExplainOptions& options, const Streams& streams);

}  // namespace cocos::cli
