// Shows that a command which computes for long is at work.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/result.h"
#include "cli/exit_status.h"
#include "cli/streams.h"

namespace cocos::cli {

// Runs a command. On a terminal, once it has taken `patience`, a line with the seconds that passed
// stands on the error stream until it ends; what the command writes is held back for that long, so
// that the two never mix. Elsewhere the command writes directly and nothing is added.
Result<ExitStatus> ShowingActivity(const std::string& what, const Streams& streams,
                                   const std::function<Result<ExitStatus>(const Streams&)>& command,
                                   std::chrono::milliseconds patience = std::chrono::seconds(1));

}  // namespace cocos::cli
