#include "hypervisor/kvm_probe.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace cocos::hypervisor {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using ::testing::HasSubstr;

TEST(KvmProbeTest, FindsNoDevice) {
  const KvmProbe probe = ProbeKvm("/nonexistent/kvm");

  EXPECT_EQ(probe.status, KvmStatus::kAbsent);
  EXPECT_THAT(probe.detail, HasSubstr("/nonexistent/kvm: No such file"));
}

TEST(KvmProbeTest, FindsADeviceItMayNotOpen) {
  if (getuid() == 0) GTEST_SKIP() << "root may open everything";
  const std::string path = ::testing::TempDir() + "closed_kvm";
  std::ofstream(path) << "x";
  std::filesystem::permissions(path, std::filesystem::perms::none);

  EXPECT_EQ(ProbeKvm(path).status, KvmStatus::kNoPermission);
}

TEST(KvmProbeTest, FindsADeviceThatIsNotKvm) {
  const KvmProbe probe = ProbeKvm("/dev/null");

  EXPECT_EQ(probe.status, KvmStatus::kDoesNotRun);
  EXPECT_THAT(probe.detail, HasSubstr("/dev/null: is not a KVM device"));
}

// Whatever this machine's KVM does.
TEST(KvmProbeTest, EndsInTimeAndLeavesNoProcess) {
  const auto start = std::chrono::steady_clock::now();

  const KvmProbe probe = ProbeKvm();

  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(3500));
  EXPECT_EQ(probe.status == KvmStatus::kUsable, probe.detail.empty()) << probe.detail;
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(KvmProbeTest, GivesUpAGuestThatTakesTooLong) {
  if (access("/dev/kvm", R_OK | W_OK) != 0) GTEST_SKIP() << "no /dev/kvm to open";

  const KvmProbe probe = ProbeKvm("/dev/kvm", milliseconds(0));

  EXPECT_EQ(probe.status, KvmStatus::kDoesNotRun);
  EXPECT_THAT(probe.detail, HasSubstr("did not end within 0 ms"));
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(KvmProbeTest, TellsTheSpeedOfACpuFromThatOfAnEmulator) {
  EXPECT_TRUE(IsHardwareSpeed(800'000, nanoseconds(400'000)));       // 2,000 million a second
  EXPECT_TRUE(IsHardwareSpeed(800'000, nanoseconds(50'000'000)));    // 16 million
  EXPECT_FALSE(IsHardwareSpeed(800'000, nanoseconds(50'000'001)));   // just less
  EXPECT_FALSE(IsHardwareSpeed(800'000, nanoseconds(650'000'000)));  // 1.2 million, as measured
}

}  // namespace
}  // namespace cocos::hypervisor
