// The whole of cvmctl but its main: parses arguments and runs one command.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/streams.h"

namespace cocos::cli {

// `arguments` without the program's name. Returns the exit status: 0 done, 1 failed, 2 wrong usage.
int RunCvmctl(const std::vector<std::string>& arguments,
              const std::map<std::string, std::string>& environment, const Streams& streams);

}  // namespace cocos::cli
