// The whole of cvmctl but its main: parses arguments and runs one command.
#pragma once

#include <string>
#include <vector>

#include "cli/streams.h"
#include "cli/terminal.h"

namespace cocos::cli {

// `arguments` without the program's name. Returns an ExitStatus (exit_status.h) as a number.
int RunCvmctl(const std::vector<std::string>& arguments, const Environment& environment,
              const Streams& streams);

}  // namespace cocos::cli
