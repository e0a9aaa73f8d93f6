// cvmctl: the operator's command line.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "cli/cvmctl.h"

int main(int argc, char** argv) {
  // Errors come as statuses; the library's own log lines would stand between ours.
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
  std::signal(SIGPIPE, SIG_IGN);  // `cvmctl watch | head` ends by the write error
  cocos::cli::Environment environment;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string::npos) environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return cocos::cli::RunCvmctl(
      std::vector<std::string>(argv + 1, argv + argc), environment,
      {.out = std::cout,
       .err = std::cerr,
       .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
       .out_columns = cocos::cli::TerminalColumns(STDOUT_FILENO, environment),
       .out_is_terminal = ::isatty(STDOUT_FILENO) == 1});
}
