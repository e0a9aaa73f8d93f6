#include "daemon/host_detection.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/manager_fixture.h"

namespace cocos::daemon {
namespace {

class HostDetection : public ::testing::Test {
 protected:
  void Write(const std::string& path, const std::string& content) {
    const std::filesystem::path full = dir_.path() + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << content;
  }
  HostTee Detect() { return DetectHostTee(dir_.path()); }

  testing::TempDir dir_;
};

TEST_F(HostDetection, FindsSevSnpByFlagAndModuleParameter) {
  Write("/proc/cpuinfo", "flags\t\t: fpu sev sev_es sev_snp debug_swap\n");
  Write("/sys/module/kvm_amd/parameters/sev_snp", "Y\n");

  EXPECT_TRUE(Detect().sev_snp);
  EXPECT_FALSE(Detect().tdx);
}

TEST_F(HostDetection, NeedsBothSignsOfSevSnp) {
  Write("/proc/cpuinfo", "flags\t\t: fpu sev sev_es sev_snp\n");
  EXPECT_FALSE(Detect().sev_snp);

  Write("/sys/module/kvm_amd/parameters/sev_snp", "N\n");
  EXPECT_FALSE(Detect().sev_snp);

  Write("/sys/module/kvm_amd/parameters/sev_snp", "Y\n");
  Write("/proc/cpuinfo", "flags\t\t: fpu sev sev_es\n");
  EXPECT_FALSE(Detect().sev_snp);
}

TEST_F(HostDetection, FindsTdx) {
  Write("/proc/cpuinfo", "flags\t\t: fpu tdx_host_platform\n");
  Write("/sys/module/kvm_intel/parameters/tdx", "Y\n");

  EXPECT_TRUE(Detect().tdx);
  EXPECT_FALSE(Detect().sev_snp);
}

TEST_F(HostDetection, FindsNothingOnAnEmptyHost) {
  EXPECT_FALSE(Detect().sev_snp);
  EXPECT_FALSE(Detect().tdx);
}

}  // namespace
}  // namespace cocos::daemon
