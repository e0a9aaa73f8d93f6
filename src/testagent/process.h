// Runs the algorithm.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cocos::testagent {

struct ProcessOutput {
  // Called with what was written, in pieces as they come, from the calling thread.
  std::function<void(std::string_view)> on_stdout;
  std::function<void(std::string_view)> on_stderr;
};

// Runs a command (looked up in PATH) in a directory until it exits; standard input is empty.
// Whatever it leaves running in its process group is killed then, and all of it when a stop is
// requested. Errors: kFailedPrecondition for an exit status other than 0 or a fatal signal,
// kCancelled when stopped, kNotFound or kInternal when it cannot be started.
Result<void> RunProcess(const std::vector<std::string>& command, const std::string& directory,
                        const ProcessOutput& output, std::stop_token stop);

}  // namespace cocos::testagent
