// cocos-manager: the daemon on the host's own platform.
#include "daemon/program.h"

int main(int argc, char** argv) {
  using namespace cocos;
  return daemon::RunProgram(
      argc, argv,
      [](const daemon::Environment&, Logger&) -> Result<std::unique_ptr<daemon::Platform>> {
        return std::make_unique<daemon::HostPlatform>();
      });
}
