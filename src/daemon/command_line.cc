#include "daemon/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include "config/variables.h"
#include "daemon/build_info.h"

namespace cocos::daemon {

std::variant<Command, EarlyExit> ParseCommandLine(int argc, const char* const* argv) {
  CLI::App app("Creates and watches confidential VMs through libvirt.", "cocos-manager");
  app.set_version_flag("--version", fmt::format("cocos-manager {} ({})", kVersion, kCommit));
  app.footer(config::VariablesHelp() + "\nClass files: $MANAGER_CONFIG_DIR/classes.d/*.yaml");
  bool check_config = false;
  app.add_flag("--check-config", check_config,
               "check and print the configuration with the origin of each value, then end");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    const bool failed = app.exit(error, out, out) != 0;
    return EarlyExit{failed ? 2 : 0, out.str()};
  }
  return check_config ? Command::kCheckConfig : Command::kServe;
}

}  // namespace cocos::daemon
