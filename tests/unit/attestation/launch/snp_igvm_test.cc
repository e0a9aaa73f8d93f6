#include "attestation/launch/snp_igvm.h"

#include <gtest/gtest.h>

#include "attestation/launch/id_block.h"
#include "attestation/launch/vmsa.h"
#include "support/result_matchers.h"
#include "unit/attestation/launch/igvm_builder.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::IgvmBuilder;
using cocos::testing::Succeeds;
using Bytes = std::vector<std::byte>;

constexpr std::uint32_t kLarge = 1;
constexpr std::uint32_t kUnmeasured = 2;
constexpr std::uint32_t kShared = 4;

Bytes VmsaWithCr0(std::uint8_t cr0) {
  Bytes page(kPageBytes);
  page[kVmsaCr0Offset] = std::byte{cr0};
  return page;
}

Result<Digest384> Measure(const Bytes& bytes, const SnpIgvmOptions& options = {}) {
  const igvm::File file = COCOS_TRY(igvm::ParseFile(bytes));
  const SnpIgvmPlan plan = COCOS_TRY(PlanSnpIgvm(file, options));
  return MeasureSnpIgvm(plan);
}

std::string ReasonOf(const Bytes& bytes, const SnpIgvmOptions& options = {}) {
  const auto digest = Measure(bytes, options);
  return digest ? "ok" : digest.error().reason();
}

Digest384 DigestOf(const std::vector<PageRun>& runs) { return DigestPages({}, runs); }

void ExpectDigest(IgvmBuilder& builder, const std::vector<PageRun>& runs,
                  const SnpIgvmOptions& options = {}) {
  const auto digest = Measure(builder.Build(), options);
  ASSERT_THAT(digest, Succeeds());
  EXPECT_EQ(*digest, DigestOf(runs));
}

TEST(SnpIgvm, MeasuresPagesByTheirTypes) {
  const Bytes data(kPageBytes, std::byte{0x5A});
  IgvmBuilder builder;
  builder.Snp().Page(0x1000, 1).Page(0x2000, 1, kUnmeasured).Page(0x3000, 1, 0, 1);
  builder.Page(0x4000, 1, 0, 2).Page(0x5000, 1, 0, 3).Page(0x6000).Data(data);

  ExpectDigest(builder, {{PageType::kNormal, 0x1000, 1, data},
                         {PageType::kUnmeasured, 0x2000, 1, {}},
                         {PageType::kSecrets, 0x3000, 1, {}},
                         {PageType::kCpuid, 0x4000, 1, {}},
                         {PageType::kCpuid, 0x5000, 1, {}},
                         {PageType::kNormal, 0x6000, 1, {}}});
}

TEST(SnpIgvm, MeasuresPagesWithoutDataAsZeroPagesWhenAsked) {
  IgvmBuilder builder;
  builder.Snp().Page(0x1000);

  ExpectDigest(builder, {{PageType::kZero, 0x1000, 1, {}}}, {.native_zero = true});
}

TEST(SnpIgvm, MeasuresLargePagesAsFiveHundredTwelve) {
  IgvmBuilder builder;
  builder.Snp().Page(0x200000, 0, kLarge);

  ExpectDigest(builder, {{PageType::kNormal, 0x200000, 512, {}}});
}

TEST(SnpIgvm, LeavesOtherPlatformsOut) {
  IgvmBuilder builder;
  builder.Snp().Tdx().Area(4096, 0).Page(0x1000, 0, 0, 0, 3).Page(0x2000, 0, 0, 0, 2);
  builder.Insert(0x3000, 0, 2);

  ExpectDigest(builder, {{PageType::kNormal, 0x1000, 1, {}}});
}

TEST(SnpIgvm, LeavesSharedPagesOutUnlikeTheTool) {
  IgvmBuilder builder;
  builder.Snp().Page(0x1000).Page(0x2000, 0, kShared);

  ExpectDigest(builder, {{PageType::kNormal, 0x1000, 1, {}}});
  ExpectDigest(builder, {{PageType::kNormal, 0x1000, 2, {}}}, SnpIgvmOptions::Igvmmeasure());
}

TEST(SnpIgvm, MeasuresAllPagesOfAParameterAreaUnlikeTheTool) {
  IgvmBuilder builder;
  builder.Snp().Area(3 * 4096, 0).Insert(0x1000, 0);

  ExpectDigest(builder, {{PageType::kUnmeasured, 0x1000, 3, {}}});
  ExpectDigest(builder, {{PageType::kUnmeasured, 0x1000, 1, {}}}, SnpIgvmOptions::Igvmmeasure());
}

TEST(SnpIgvm, DoesNotDependOnThePolicy) {
  const auto one = Measure(IgvmBuilder().Snp().Policy(0x30000, 1).Page(0x1000).Build());
  const auto other = Measure(IgvmBuilder().Snp().Policy(0xB0000, 1).Page(0x1000).Build());

  ASSERT_THAT(one, Succeeds());
  EXPECT_EQ(*one, *other);
}

TEST(SnpIgvm, TellsPolicyAndProcessors) {
  const Bytes bytes =
      IgvmBuilder().Snp().Policy(0x30000, 1).Vp(kVmsaGpa, 1).Data(VmsaWithCr0(0x31)).Build();
  const auto file = igvm::ParseFile(bytes);
  ASSERT_THAT(file, Succeeds());

  const auto plan = PlanSnpIgvm(*file, {});

  ASSERT_THAT(plan, Succeeds());
  EXPECT_EQ(plan->guest_policy, 0x30000U);
  EXPECT_EQ(plan->vmsa_count, 1U);
  EXPECT_EQ(plan->mask, 1U);
  EXPECT_FALSE(plan->id_block);
}

TEST(SnpIgvmForKvm, HasOneVmsaAtItsPlace) {
  const Bytes vmsa = VmsaWithCr0(0x31);

  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Vp(kVmsaGpa, 1).Data(vmsa).Build()), "ok");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Vp(0x1000, 1).Data(vmsa).Build()), "vmsa_gpa");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Vp(kVmsaGpa, 1).Vp(kVmsaGpa, 1).Data(vmsa).Build()),
            "vmsa_count");
}

TEST(SnpIgvmForKvm, StartsInProtectedOrRealMode) {
  for (const auto& [cr0, reason] : {std::pair<std::uint8_t, std::string>{0x30, "ok"},
                                    {0x31, "ok"},
                                    {0x11, "vmsa_cr0"},
                                    {0x10, "vmsa_cr0"}}) {
    EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Vp(kVmsaGpa, 1).Data(VmsaWithCr0(cr0)).Build()), reason);
  }
}

TEST(SnpIgvmForKvm, HasNothingBehindTheVmsa) {
  IgvmBuilder page;
  page.Snp().Vp(kVmsaGpa, 1).Page(0x1000).Data(VmsaWithCr0(0x31));
  IgvmBuilder area;
  area.Snp().Area(4096, 0).Vp(kVmsaGpa, 1).Insert(0x1000, 0).Data(VmsaWithCr0(0x31));
  SnpIgvmOptions tool = SnpIgvmOptions::Igvmmeasure();
  tool.check_kvm = true;

  EXPECT_EQ(ReasonOf(page.Build()), "vmsa_order");
  EXPECT_EQ(ReasonOf(page.Build(), tool), "ok");
  EXPECT_EQ(ReasonOf(area.Build()), "vmsa_order");
  EXPECT_EQ(ReasonOf(area.Build(), tool), "vmsa_order");
  EXPECT_EQ(ReasonOf(area.Build(), {.check_kvm = false}), "ok");
}

TEST(SnpIgvm, WithTwoPagesAtOneAddressIsRefusedUnlessAllowed) {
  const Bytes bytes = IgvmBuilder().Snp().Page(0x1000).Page(0x1000).Build();

  EXPECT_EQ(ReasonOf(bytes), "repeated_page");
  EXPECT_EQ(ReasonOf(bytes, {.allow_repeated_pages = true}), "ok");
}

TEST(SnpIgvm, WithAPageInsideALargeOneIsRefused) {
  const Bytes bytes = IgvmBuilder().Snp().Page(0x200000, 0, kLarge).Page(0x3FF000).Build();

  EXPECT_EQ(ReasonOf(bytes), "repeated_page");
}

TEST(SnpIgvm, ThatAsksForTooManyPagesIsRefused) {
  const Bytes exact = IgvmBuilder().Snp().Area(512 * 4096, 0).Page(0).Insert(0x1000, 0).Build();
  const Bytes huge = IgvmBuilder().Snp().Area(std::uint64_t{1} << 63, 0).Insert(0x1000, 0).Build();

  EXPECT_EQ(ReasonOf(exact, {.max_pages = 513}), "ok");
  EXPECT_EQ(ReasonOf(exact, {.max_pages = 512}), "limit");
  EXPECT_EQ(ReasonOf(huge), "limit");
}

TEST(SnpIgvm, WhosePagesWrapAroundIsRefused) {
  const Bytes bytes = IgvmBuilder().Snp().Area(2 * 4096, 0).Insert(0xFFFFFFFFFFFFF000, 0).Build();

  EXPECT_EQ(ReasonOf(bytes), "repeated_page");
}

TEST(SnpIgvm, WithoutItsPlatformIsIncompatible) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Tdx().Page(0x1000, 0, 0, 0, 2).Build()), "incompatible");
}

TEST(SnpIgvm, MeasuresTheSameWithAnExecutor) {
  const Bytes bytes = IgvmBuilder().Snp().Page(0x1000, 1).Page(0x2000, 2).Data(1).Data(2).Build();
  const auto file = igvm::ParseFile(bytes);
  ASSERT_THAT(file, Succeeds());
  const auto plan = PlanSnpIgvm(*file, {});
  ASSERT_THAT(plan, Succeeds());

  EXPECT_EQ(MeasureSnpIgvm(*plan, SequentialExecutor(), 2), MeasureSnpIgvm(*plan));
}

}  // namespace
}  // namespace cocos::attestation::launch
