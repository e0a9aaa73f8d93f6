// What a plan keeps of an IGVM file besides pages, and the words in which files are refused.
#include <gtest/gtest.h>

#include "attestation/launch/snp_igvm.h"
#include "attestation/launch/vmsa.h"
#include "base/byte_reader.h"
#include "support/result_matchers.h"
#include "unit/attestation/launch/igvm_builder.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::IgvmBuilder;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr std::uint32_t kLarge = 1;

Bytes Vmsa(std::uint64_t cr0 = 0x31) {
  ByteWriter page;
  page.PadTo(kVmsaCr0Offset).Le(cr0).PadTo(kPageBytes);
  return std::move(page).Take();
}

// Plans hold views into the file: both live as long as this.
class Planned {
 public:
  explicit Planned(IgvmBuilder& builder, const SnpIgvmOptions& options = {})
      : bytes_(builder.Build()),
        file_(igvm::ParseFile(bytes_)),
        plan_(file_ ? PlanSnpIgvm(*file_, options) : tl::unexpected(file_.error())) {}
  Planned(const Planned&) = delete;
  const Result<SnpIgvmPlan>& operator*() const { return plan_; }
  const SnpIgvmPlan* operator->() const { return &*plan_; }

 private:
  Bytes bytes_;
  Result<igvm::File> file_;
  Result<SnpIgvmPlan> plan_;
};

// A header of an SNP ID block for these platforms whose digest has this byte throughout.
void AddIdBlock(IgvmBuilder& builder, std::uint32_t mask, std::uint8_t fill) {
  ByteWriter content;
  content.Le(mask).Le(std::uint8_t{0}).Zeros(3);
  for (int i = 0; i < 48; ++i) content.Le(fill);
  content.Zeros(32).Le(std::uint32_t{1}).Le(std::uint32_t{0}).Le(std::uint32_t{1});
  content.Le(std::uint32_t{1}).Zeros(144).Le(std::uint64_t{2}).Zeros(144);
  content.Zeros(144).Le(std::uint64_t{0}).Zeros(144);
  builder.Header(0x30B, content.view());
}

TEST(SnpIgvmPlan, HasAnIdBlockOrNone) {
  IgvmBuilder with;
  with.Snp();
  AddIdBlock(with, 1, 0x11);
  IgvmBuilder without;
  without.Snp();
  const Planned planned(with);
  const Planned plain(without);

  ASSERT_THAT(*planned, Succeeds());
  ASSERT_TRUE(planned->id_block);
  EXPECT_EQ(planned->id_block->launch_digest[47], std::byte{0x11});
  ASSERT_THAT(*plain, Succeeds());
  EXPECT_FALSE(plain->id_block);
}

TEST(SnpIgvmPlan, TakesTheLastIdBlockOfItsPlatform) {
  IgvmBuilder builder;
  builder.Snp().Tdx(2);
  AddIdBlock(builder, 1, 0x11);
  AddIdBlock(builder, 1, 0x22);
  AddIdBlock(builder, 2, 0x33);
  const Planned planned(builder);

  ASSERT_THAT(*planned, Succeeds());
  EXPECT_EQ(planned->id_block->launch_digest[0], std::byte{0x22});
}

TEST(SnpIgvmPlan, TakesTheLastPolicyOfItsPlatform) {
  IgvmBuilder builder;
  builder.Snp().Tdx(2).Policy(0x30000, 1).Policy(0xB0000, 1).Policy(7, 2);
  const Planned planned(builder);
  IgvmBuilder none;
  none.Snp().Tdx(2).Policy(7, 2);
  const Planned without(none);

  ASSERT_THAT(*planned, Succeeds());
  EXPECT_EQ(planned->guest_policy, 0xB0000U);
  ASSERT_THAT(*without, Succeeds());
  EXPECT_FALSE(without->guest_policy);
}

TEST(SnpIgvmPlan, HasTheMaskThatTheFileGivesItsPlatform) {
  for (const std::uint32_t mask : {1U, 2U, 0x8000U, 0x80000000U}) {
    IgvmBuilder builder;
    builder.Platform(mask, 2).Page(0x1000, 0, 0, 0, mask);
    const Planned planned(builder);
    ASSERT_THAT(*planned, Succeeds());
    EXPECT_EQ(planned->mask, mask);
    EXPECT_EQ(planned->runs.size(), 1U);
  }
}

TEST(SnpIgvmPlan, KeepsTheOrderOfTheFile) {
  IgvmBuilder builder;
  builder.Snp().Area(kPageBytes, 0).Page(0x3000).Page(0x1000).Insert(0x2000, 0);
  builder.Vp(kVmsaGpa, 1).Data(Vmsa());
  const Planned planned(builder);

  ASSERT_THAT(*planned, Succeeds());
  std::vector<std::uint64_t> addresses;
  for (const PageRun& run : planned->runs) addresses.push_back(run.gpa);
  EXPECT_EQ(addresses, (std::vector<std::uint64_t>{0x3000, 0x1000, 0x2000, kVmsaGpa}));
}

TEST(SnpIgvmPlan, HasTheDataOfPagesAndNoneForLargeOnes) {
  IgvmBuilder builder;
  builder.Snp().Page(0x1000, 1).Page(0x200000, 0, kLarge).Data(0x77);
  const Planned planned(builder);

  ASSERT_THAT(*planned, Succeeds());
  EXPECT_EQ(planned->runs[0].data.size(), kPageBytes);
  EXPECT_EQ(planned->runs[0].data[5], std::byte{0x77});
  EXPECT_EQ(planned->runs[1].pages, 512U);
  EXPECT_TRUE(planned->runs[1].data.empty());
}

TEST(SnpIgvmPlan, CountsProcessorsThatKvmDoesNotTake) {
  IgvmBuilder builder;
  builder.Snp().Vp(0x1000, 1).Vp(0x2000, 1).Vp(kVmsaGpa, 1).Data(Vmsa());
  const Planned planned(builder, {.check_kvm = false});

  ASSERT_THAT(*planned, Succeeds());
  EXPECT_EQ(planned->vmsa_count, 3U);
}

// VMSA pages all go to one address, which is no memory: they never repeat.
TEST(SnpIgvmPlan, DoesNotTakeProcessorsAtOneAddressForRepeatedPages) {
  IgvmBuilder builder;
  builder.Snp().Vp(kVmsaGpa, 1).Vp(kVmsaGpa, 1).Data(Vmsa());

  EXPECT_THAT(*Planned(builder, {.check_kvm = false}), Succeeds());
}

TEST(SnpIgvmPlan, LeavesProcessorsOfOtherPlatformsOut) {
  IgvmBuilder builder;
  builder.Snp().Platform(2, 4).Vp(0x1000, 1, 2).Vp(kVmsaGpa, 1).Data(Vmsa());
  const Planned loader(builder);
  const Planned tool(builder, SnpIgvmOptions::Igvmmeasure());

  ASSERT_THAT(*loader, Succeeds());
  EXPECT_EQ(loader->vmsa_count, 1U);
  ASSERT_THAT(*tool, Succeeds());
  EXPECT_EQ(tool->vmsa_count, 2U);
}

TEST(SnpIgvmOptionsOfTheTool, CheckNothingAndLetPagesRepeat) {
  const SnpIgvmOptions tool = SnpIgvmOptions::Igvmmeasure();

  EXPECT_EQ(tool.mode, IgvmMode::kIgvmmeasure);
  EXPECT_FALSE(tool.check_kvm);
  EXPECT_TRUE(tool.allow_repeated_pages);
  EXPECT_FALSE(tool.native_zero);
}

TEST(SnpIgvmRefusal, NamesAddressAndWhatKvmWants) {
  IgvmBuilder place;
  place.Snp().Vp(0x5000, 1).Data(Vmsa());
  IgvmBuilder mode;
  mode.Snp().Vp(kVmsaGpa, 1).Data(Vmsa(0x80000031));
  IgvmBuilder order;
  order.Snp().Vp(kVmsaGpa, 1).Page(0x7000).Data(Vmsa());
  IgvmBuilder twice;
  twice.Snp().Page(0x9000).Page(0x9000);

  EXPECT_THAT(*Planned(place), FailsWith(ErrorCode::kMalformed,
                                         HasSubstr("VMSA at 0x5000, KVM measures it at 0xfffff")));
  EXPECT_THAT(*Planned(mode),
              FailsWith(ErrorCode::kMalformed, HasSubstr("CR0 0x80000031, want 0x31 or 0x30")));
  EXPECT_THAT(*Planned(order),
              FailsWith(ErrorCode::kMalformed, HasSubstr("page data at 0x7000 behind the VMSA")));
  EXPECT_THAT(*Planned(twice), FailsWith(ErrorCode::kMalformed, HasSubstr("two pages at 0x9000")));
}

TEST(SnpIgvmRefusal, NamesThePagesThatAreTooMany) {
  IgvmBuilder builder;
  builder.Snp().Area(3 * kPageBytes, 0).Page(0x1000).Insert(0x10000, 0);

  EXPECT_THAT(*Planned(builder, {.max_pages = 4}), Succeeds());
  EXPECT_THAT(*Planned(builder, {.max_pages = 3}),
              FailsWith(ErrorCode::kResourceExhausted,
                        HasSubstr("3 pages at 0x10000 after 1 others, want at most 3 in all")));
}

TEST(SnpIgvmRefusal, IsForPagesThatLieInsideAParameterArea) {
  IgvmBuilder inside;
  inside.Snp().Area(3 * kPageBytes, 0).Insert(0x10000, 0).Page(0x12000);
  IgvmBuilder behind;
  behind.Snp().Area(3 * kPageBytes, 0).Insert(0x10000, 0).Page(0x13000);

  EXPECT_THAT(*Planned(inside),
              FailsWith(ErrorCode::kMalformed, HasSubstr("two pages at 0x12000")));
  EXPECT_THAT(*Planned(behind), Succeeds());
}

TEST(SnpIgvmRefusal, TellsThatTheFileIsForOtherHardware) {
  IgvmBuilder builder;
  builder.Tdx();

  EXPECT_THAT(*Planned(builder),
              FailsWith(ErrorCode::kMalformed, HasSubstr("has no SEV-SNP platform")));
}

TEST(SnpIgvmDigest, DependsOnEveryPageAddressAndOrder) {
  std::vector<Digest384> digests;
  const auto add = [&](IgvmBuilder& builder) {
    const Planned planned(builder);
    ASSERT_THAT(*planned, Succeeds());
    digests.push_back(MeasureSnpIgvm(*(*planned)));
  };
  for (const std::uint8_t fill : {std::uint8_t{1}, std::uint8_t{2}}) {
    add(IgvmBuilder().Snp().Page(0x1000, 1).Page(0x2000).Data(fill));
    add(IgvmBuilder().Snp().Page(0x1000, 1).Page(0x3000).Data(fill));
    add(IgvmBuilder().Snp().Page(0x2000).Page(0x1000, 1).Data(fill));
    add(IgvmBuilder().Snp().Page(0x1000, 1).Data(fill));
  }

  std::ranges::sort(digests);

  EXPECT_EQ(std::ranges::adjacent_find(digests), digests.end());
}

TEST(SnpIgvmDigest, OfAFileThatLoadsNothingIsZero) {
  IgvmBuilder builder;
  builder.Snp();
  const Planned planned(builder);

  ASSERT_THAT(*planned, Succeeds());
  EXPECT_EQ(MeasureSnpIgvm(*(*planned)), Digest384{});
}

}  // namespace
}  // namespace cocos::attestation::launch
