// The daemon's own command line. Configuration comes from the environment and class files.
#pragma once

#include <string>
#include <variant>

namespace cocos::daemon {

enum class Command {
  kServe,
  kCheckConfig,  // print the effective configuration and end
};

// Text to print on standard output (status 0) or error (otherwise), and the exit status.
struct EarlyExit {
  int status = 0;
  std::string text;
};

std::variant<Command, EarlyExit> ParseCommandLine(int argc, const char* const* argv);

}  // namespace cocos::daemon
