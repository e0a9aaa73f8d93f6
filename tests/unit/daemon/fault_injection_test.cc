#include "daemon/fault_injection.h"

#include <cstdio>
#include <fstream>
#include <thread>

#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::daemon {
namespace {

using cocos::testing::FailsWith;
using ::testing::HasSubstr;

TEST(FaultInjection, IsOffUnlessAskedFor) {
  EXPECT_FALSE(static_cast<bool>(*FaultInjectionFrom({})));
}

TEST(FaultInjection, RefusesAStepThatDoesNotExist) {
  EXPECT_THAT(FaultInjectionFrom({{"COCOS_TEST_DIE_AFTER", "boot"}}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("COCOS_TEST_DIE_AFTER \"boot\"")));
}

TEST(FaultInjectionDeathTest, KillsTheProcessAfterTheStepAndNoOther) {
  const auto hook = *FaultInjectionFrom({{"COCOS_TEST_DIE_AFTER", "stage"}});
  hook(cvm::CreateStep::kReserve);

  EXPECT_EXIT(hook(cvm::CreateStep::kStage), ::testing::KilledBySignal(SIGKILL), "");
}

TEST(FaultInjection, HoldsACreateUntilTheFileIsGone) {
  testing::TempDir dir;
  const std::string file = dir.path() + "/pause";
  std::ofstream(file) << "";
  const auto hook =
      *FaultInjectionFrom({{"COCOS_TEST_PAUSE_AFTER", "define"}, {"COCOS_TEST_PAUSE_FILE", file}});
  std::atomic<bool> passed = false;
  std::jthread create([&] {
    hook(cvm::CreateStep::kDefine);
    passed = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(passed);

  std::remove(file.c_str());

  create.join();
  EXPECT_TRUE(passed);
}

}  // namespace
}  // namespace cocos::daemon
