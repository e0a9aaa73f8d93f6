// cocos-manager-simtee: the daemon on a platform that only pretends to have SEV-SNP, for tests.
//
// usage: as cocos-manager, with COCOS_TEST_TRUST_ANCHORS and COCOS_TEST_TEE_DIR set, or
//        cocos-manager-simtee print-root > genoa.der
#include <cstdio>
#include <string_view>

#include "daemon/program.h"
#include "simtee/simulated_platform.h"

int main(int argc, char** argv) {
  using cocos::simtee::SimulatedPlatform;
  if (argc == 2 && std::string_view(argv[1]) == "print-root") {
    const std::string der = SimulatedPlatform::RootDer();
    std::fwrite(der.data(), 1, der.size(), stdout);
    return 0;
  }
  return cocos::daemon::RunProgram(argc, argv, SimulatedPlatform::Make);
}
