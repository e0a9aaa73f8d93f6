#include "config/class_check.h"

#include <gmock/gmock.h>

#include <chrono>

namespace cocos::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

ClassConfig Small() {
  ClassConfig small;
  small.name = "small";
  small.origin = "/c/small.yaml";
  return small;
}

TEST(CheckClass, FindsNothingInASoundClass) {
  EXPECT_THAT(CheckClass(Small()).errors, IsEmpty());
  EXPECT_THAT(CheckClass(Small()).warnings, IsEmpty());
}

TEST(CheckClass, WantsNoMoreCpusThanTheMaximum) {
  ClassConfig each = Small();
  each.max_vcpus = each.vcpus;
  EXPECT_THAT(CheckClass(each).errors, IsEmpty());
  each.max_vcpus = each.vcpus - 1;
  EXPECT_THAT(CheckClass(each).errors,
              ElementsAre(AllOf(HasSubstr("class \"small\" (/c/small.yaml)"),
                                HasSubstr("4 vCPUs of at most 3"))));
  each.vcpus = 0;
  EXPECT_THAT(CheckClass(each).errors, ElementsAre(HasSubstr("want at least 1")));
}

TEST(CheckClass, WantsRoomForSlots) {
  ClassConfig each = Small();
  each.max_memory_mib = each.memory_mib;
  EXPECT_THAT(CheckClass(each).errors, ElementsAre(HasSubstr("want more with slots, or 0 slots")));
  each.memory_slots = 0;
  EXPECT_THAT(CheckClass(each).errors, IsEmpty());
}

TEST(CheckClass, WantsAKernelForAnInitrd) {
  ClassConfig each = Small();
  each.initrd = "/i";
  EXPECT_THAT(CheckClass(each).errors, ElementsAre(HasSubstr("initrd \"/i\" without kernel")));
  each.kernel = "/k";
  EXPECT_THAT(CheckClass(each).errors, IsEmpty());
  each.initrd = "";  // a kernel may carry its own
  EXPECT_THAT(CheckClass(each).errors, IsEmpty());
}

TEST(CheckClass, WantsFirmwareCodeAndVariablesTogether) {
  ClassConfig each = Small();
  each.firmware_code = "/code";
  EXPECT_THAT(CheckClass(each).errors, ElementsAre(HasSubstr("without firmware_vars")));
  each.firmware_vars = "/vars";
  EXPECT_THAT(CheckClass(each).errors, IsEmpty());
  each.firmware_code = "";
  EXPECT_THAT(CheckClass(each).errors, ElementsAre(HasSubstr("without firmware_code")));
}

ClassConfig WithTpm() {
  ClassConfig each = Small();
  each.tee = TeeChoice::kNone;
  each.tpm = TpmChoice::kEmulator;
  each.firmware_code = "/code";
  each.firmware_vars = "/vars";
  return each;
}

TEST(CheckClass, WantsFirmwareThatMeasuresIntoATpm) {
  ClassConfig each = WithTpm();
  EXPECT_THAT(CheckClass(each).errors, IsEmpty());
  each.firmware_code = each.firmware_vars = "";
  EXPECT_THAT(CheckClass(each).errors,
              ElementsAre(HasSubstr("tpm emulator without firmware_code")));
}

TEST(CheckClass, RefusesAnEmulatedTpmWhereATeeIsPossible) {
  ClassConfig each = WithTpm();
  for (const TeeChoice tee : {TeeChoice::kAuto, TeeChoice::kSevSnp, TeeChoice::kTdx}) {
    each.tee = tee;
    EXPECT_THAT(CheckClass(each).errors,
                ElementsAre(AllOf(HasSubstr("prove nothing"), HasSubstr("want tee: none"))));
  }
}

TEST(CheckClass, RefusesTheIommuForALegacyNetworkDevice) {
  ClassConfig each = Small();
  each.disable_legacy = false;
  EXPECT_THAT(CheckClass(each).errors, ElementsAre(HasSubstr("iommu_platform")));
  each.iommu_platform = false;
  EXPECT_THAT(CheckClass(each).errors, IsEmpty());
}

TEST(CheckClass, RefusesDebugOfSevSnpUnlessAllowed) {
  ClassConfig each = Small();
  each.snp.policy = 0xb0000;
  EXPECT_THAT(CheckClass(each).errors,
              ElementsAre(AllOf(HasSubstr("launch_security.snp.policy 0xb0000"),
                                HasSubstr("launch_security.allow_debug: true"))));
  each.snp.policy = 0xb0000 & ~0x80000;
  EXPECT_THAT(CheckClass(each).errors, IsEmpty());
}

TEST(CheckClass, RefusesDebugOfTdxUnlessAllowed) {
  ClassConfig each = Small();
  for (const std::uint64_t bit : {0x01u, 0x80u}) {
    each.tdx.policy = 0x10000000 | bit;
    EXPECT_THAT(CheckClass(each).errors, ElementsAre(HasSubstr("launch_security.tdx.policy")));
  }
  each.tdx.policy = 0x10000100;
  EXPECT_THAT(CheckClass(each).errors, IsEmpty());
}

TEST(CheckClass, WarnsOfDebugThatIsAllowed) {
  ClassConfig each = Small();
  each.snp.policy = 0xb0000;
  each.allow_debug = true;
  EXPECT_THAT(CheckClass(each).errors, IsEmpty());
  EXPECT_THAT(CheckClass(each).warnings,
              ElementsAre(AllOf(HasSubstr("class \"small\""), HasSubstr("for tests only"))));
}

TEST(CheckClass, WantsTheDefaultTtlWithinTheMaximum) {
  ClassConfig each = Small();
  each.ttl_default = 1h;
  each.ttl_max = 1h;
  EXPECT_THAT(CheckClass(each).errors, IsEmpty());
  each.ttl_max = 59min;
  EXPECT_THAT(CheckClass(each).errors, ElementsAre(HasSubstr("1h0m0s beyond the maximum 59m0s")));
}

}  // namespace
}  // namespace cocos::config
