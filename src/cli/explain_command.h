// cvmctl explain-measurement: why a report carries another launch digest than expected.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/exit_status.h"
#include "cli/measure_command.h"
#include "cli/streams.h"

namespace cocos::cli {

struct ExplainOptions {
  MeasureSnpOptions launch;                 // as it is believed to have been
  bool no_kernel_hashes = false;            // a kernel is handed over, but not hashed
  std::string observed;                     // the digest seen, hexadecimal
  std::vector<std::string> other_firmware;  // files that may have been used instead
};

// kDone: a launch gives the digest, and what is different about it is written. kFailed: none that
// is near does. kUsage, with a line on `err`, for options that do not go together. Errors: files
// that cannot be read or measured, with their paths.
Result<ExitStatus> ExplainMeasurement(const ExplainOptions& options, const Streams& streams);

}  // namespace cocos::cli
