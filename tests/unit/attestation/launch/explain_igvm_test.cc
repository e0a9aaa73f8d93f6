#include "attestation/launch/explain_igvm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "attestation/launch/mrtd.h"
#include "attestation/launch/vmsa.h"
#include "support/result_matchers.h"
#include "unit/attestation/launch/igvm_builder.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::IgvmBuilder;
using cocos::testing::Succeeds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Bytes = std::vector<std::byte>;

constexpr std::uint32_t kShared = 4;
constexpr std::uint32_t kTdxMask = 2;
constexpr std::uint32_t kBoth = 3;

// What all readings differ in: a page without data, a shared page, an area of three pages.
Bytes Igvm(std::uint8_t fill) {
  IgvmBuilder builder;
  builder.Snp().Tdx(kTdxMask).Area(3 * kPageBytes, 0);
  builder.Page(0x1000, 1, 0, 0, kBoth).Page(0x2000, 0, 0, 0, kBoth).Page(0x3000, 1, kShared);
  return builder.Insert(0x10000, 0).Vp(kVmsaGpa, 2).Data(fill).Data(0x77).Build();
}

// A parsed file and its bytes.
struct File {
  explicit File(Bytes content) : bytes(std::move(content)), file(igvm::ParseFile(bytes).value()) {}
  File(const File&) = delete;

  Bytes bytes;
  igvm::File file;
};

// The digest of a reading by the functions that measure, not by those that explain.
Digest384 DigestOf(const igvm::File& file, const IgvmReading& reading) {
  if (reading.tdx) return MeasureTdxIgvm(file).value();
  SnpIgvmOptions options;
  options.mode = reading.mode;
  options.native_zero = reading.native_zero;
  options.check_kvm = false;
  return MeasureSnpIgvm(PlanSnpIgvm(file, options).value());
}

const std::vector<IgvmReading> kReadings = {
    {.mode = IgvmMode::kLoader},
    {.mode = IgvmMode::kIgvmmeasure},
    {.mode = IgvmMode::kLoader, .native_zero = true},
    {.mode = IgvmMode::kIgvmmeasure, .native_zero = true},
    {.tdx = true},
};

class ExplainIgvm : public ::testing::Test {
 protected:
  Result<std::optional<Differences>> Explain(const IgvmReading& believed,
                                             const Digest384& observed) {
    const OfferedFile other = {.name = "other.igvm", .igvm = &other_.file};
    return ExplainIgvmLaunch({.name = "svsm.igvm", .file = &file_.file, .reading = believed},
                             {&other, 1}, observed);
  }
  Differences Found(const IgvmReading& believed, const Digest384& observed) {
    const auto found = Explain(believed, observed);
    EXPECT_THAT(found, Succeeds());
    return found && *found ? **found : Differences{"not explained"};
  }

  File file_{Igvm(0x5A)};
  File other_{Igvm(0xA5)};
};

TEST_F(ExplainIgvm, HasReadingsThatAllDiffer) {
  std::set<Digest384> digests;

  for (const IgvmReading& reading : kReadings) digests.insert(DigestOf(file_.file, reading));

  EXPECT_EQ(digests.size(), kReadings.size());
}

TEST_F(ExplainIgvm, FindsNoDifferenceInEachReadingDescribed) {
  for (const IgvmReading& reading : kReadings) {
    EXPECT_THAT(Found(reading, DigestOf(file_.file, reading)), IsEmpty());
  }
}

TEST_F(ExplainIgvm, FindsEveryReadingFromEveryOther) {
  for (const IgvmReading& believed : kReadings) {
    for (const IgvmReading& real : kReadings) {
      const auto found = FindIgvmReading(file_.file, believed, DigestOf(file_.file, real));
      ASSERT_TRUE(found);
      EXPECT_EQ(found->tdx, real.tdx);
      if (real.tdx) continue;
      EXPECT_EQ(found->mode, real.mode);
      EXPECT_EQ(found->native_zero, real.native_zero);
    }
  }
}

TEST_F(ExplainIgvm, NamesTheOtherMode) {
  const IgvmReading tool = {.mode = IgvmMode::kIgvmmeasure};

  EXPECT_THAT(Found({}, DigestOf(file_.file, tool)),
              ElementsAre("measured as by igvmmeasure instead of a loader"));
  EXPECT_THAT(Found(tool, DigestOf(file_.file, {})),
              ElementsAre("measured as by a loader instead of igvmmeasure"));
}

TEST_F(ExplainIgvm, NamesWhatBecomesOfPagesWithoutData) {
  const IgvmReading native = {.native_zero = true};

  EXPECT_THAT(Found({}, DigestOf(file_.file, native)),
              ElementsAre("pages without data as ZERO pages instead of normal ones"));
  EXPECT_THAT(Found(native, DigestOf(file_.file, {})),
              ElementsAre("pages without data as normal pages instead of ZERO ones"));
}

TEST_F(ExplainIgvm, NamesBothAtOnce) {
  const IgvmReading real = {.mode = IgvmMode::kIgvmmeasure, .native_zero = true};

  EXPECT_THAT(Found({}, DigestOf(file_.file, real)),
              ElementsAre("measured as by igvmmeasure instead of a loader",
                          "pages without data as ZERO pages instead of normal ones"));
}

TEST_F(ExplainIgvm, NamesTheOtherHardware) {
  const IgvmReading tdx = {.tdx = true};

  EXPECT_THAT(Found({}, DigestOf(file_.file, tdx)),
              ElementsAre("MRTD of a TDX guest instead of an SEV-SNP launch digest"));
  EXPECT_THAT(Found(tdx, DigestOf(file_.file, {})),
              ElementsAre("SEV-SNP launch digest instead of MRTD of a TDX guest"));
}

TEST_F(ExplainIgvm, NamesAnotherFileThatIsOffered) {
  EXPECT_THAT(Found({}, DigestOf(other_.file, {})),
              ElementsAre("IGVM file other.igvm instead of svsm.igvm"));
}

TEST_F(ExplainIgvm, NamesHowAnotherFileIsRead) {
  EXPECT_THAT(Found({}, DigestOf(other_.file, {.mode = IgvmMode::kIgvmmeasure})),
              ElementsAre("IGVM file other.igvm instead of svsm.igvm",
                          "measured as by igvmmeasure instead of a loader"));
  EXPECT_THAT(Found({}, DigestOf(other_.file, {.tdx = true})),
              ElementsAre("IGVM file other.igvm instead of svsm.igvm", HasSubstr("MRTD")));
}

TEST_F(ExplainIgvm, FindsNothingForADigestOfSomethingElse) {
  Digest384 observed = DigestOf(file_.file, {});
  observed[47] ^= std::byte{1};

  const auto found = Explain({}, observed);

  ASSERT_THAT(found, Succeeds());
  EXPECT_EQ(*found, std::nullopt);
}

// Without such parts all readings for SEV-SNP agree, and the one described is the one found.
TEST_F(ExplainIgvm, PrefersTheReadingDescribedWhereReadingsAgree) {
  const File plain(IgvmBuilder().Snp().Page(0x1000, 1).Data(1).Build());
  const Digest384 digest = DigestOf(plain.file, {});

  for (const IgvmReading& believed : kReadings) {
    if (believed.tdx) continue;
    EXPECT_EQ(FindIgvmReading(plain.file, believed, digest), believed);
  }
}

TEST_F(ExplainIgvm, MeasuresAlsoWhatKvmCannotLaunch) {
  const File twice(IgvmBuilder().Snp().Vp(0x1000, 1).Page(0x2000, 1).Page(0x2000, 1).Build());
  const Digest384 observed =
      MeasureSnpIgvm(PlanSnpIgvm(twice.file, SnpIgvmOptions::Igvmmeasure()).value());

  EXPECT_THAT(ExplainIgvmLaunch({.name = "twice.igvm", .file = &twice.file}, {}, observed).value(),
              ::testing::Optional(IsEmpty()));
}

TEST_F(ExplainIgvm, ExplainsAFileThatHasOnlyTheOtherPlatform) {
  const File tdx(IgvmBuilder().Tdx(1).Page(0x1000, 1).Data(1).Build());

  const auto found = ExplainIgvmLaunch({.name = "td.igvm", .file = &tdx.file}, {},
                                       DigestOf(tdx.file, {.tdx = true}));

  ASSERT_THAT(found, Succeeds());
  EXPECT_THAT(found->value(), ElementsAre(HasSubstr("MRTD of a TDX guest")));
}

TEST_F(ExplainIgvm, TellsThatTheFileCannotBeMeasuredWhenNothingFits) {
  const File tdx(IgvmBuilder().Tdx(1).Page(0x1000, 1).Data(1).Build());
  const File snp(IgvmBuilder().Snp().Page(0x1000, 1).Data(1).Build());

  EXPECT_THAT(ExplainIgvmLaunch({.name = "td.igvm", .file = &tdx.file}, {}, {}),
              FailsWith(ErrorCode::kMalformed, HasSubstr("no SEV-SNP platform")));
  EXPECT_THAT(ExplainIgvmLaunch({.file = &snp.file, .reading = {.tdx = true}}, {}, {}),
              FailsWith(ErrorCode::kMalformed, HasSubstr("no TDX platform")));
}

TEST_F(ExplainIgvm, LeavesOutReadingsThatAreTooMuch) {
  // The loader takes all pages of the area, the tool one.
  const File huge(
      IgvmBuilder().Snp().Area(std::uint64_t{1} << 50, 0).Page(0, 1).Insert(0x1000, 0).Build());
  const IgvmReading tool = {.mode = IgvmMode::kIgvmmeasure};

  EXPECT_EQ(FindIgvmReading(huge.file, {}, DigestOf(huge.file, tool)), tool);
  EXPECT_THAT(ExplainIgvmLaunch({.file = &huge.file}, {}, {}),
              FailsWith(ErrorCode::kResourceExhausted));
}

TEST(IgvmDifferences, AreNoneBetweenTheSameReadings) {
  for (const IgvmReading& reading : kReadings) {
    EXPECT_THAT(DifferencesBetween(reading, reading), IsEmpty());
  }
}

TEST(IgvmDifferences, DoNotNameTheModeOfMrtd) {
  EXPECT_THAT(DifferencesBetween({.mode = IgvmMode::kIgvmmeasure, .native_zero = true},
                                 {.mode = IgvmMode::kLoader, .tdx = true}),
              ElementsAre(HasSubstr("MRTD")));
}

}  // namespace
}  // namespace cocos::attestation::launch
