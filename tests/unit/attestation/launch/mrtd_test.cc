#include "attestation/launch/mrtd.h"

#include <gtest/gtest.h>

#include <random>

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

// Everything that goes into MRTD, as one text.
class Transcript {
 public:
  Transcript& Add(std::uint64_t gpa) {
    Record("MEM.PAGE.ADD", gpa);
    return *this;
  }
  // All pages of data, in pieces of 256 bytes.
  Transcript& Extend(std::uint64_t gpa, std::span<const std::byte> data) {
    for (std::size_t at = 0; at < data.size(); at += 256) {
      Record("MR.EXTEND", gpa + at);
      text_.Bytes(data.subspan(at, 256));
    }
    return *this;
  }
  Digest384 Digest() const { return Sha384Of(text_.view()); }

 private:
  void Record(std::string_view name, std::uint64_t gpa) {
    const std::size_t end = text_.size() + 128;
    text_.Text(name).PadTo(end - 112).Le(gpa).PadTo(end);
  }
  ByteWriter text_;
};

Bytes RandomPages(std::size_t pages, unsigned seed = 1) {
  std::mt19937 random(seed);
  Bytes bytes(pages * kPageBytes);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST(MrtdChain, OfNothingIsTheDigestOfNothing) { EXPECT_EQ(MrtdChain().Finish(), Sha384Of({})); }

TEST(MrtdChain, RecordsTheAddressOfAPageLittleEndian) {
  for (const std::uint64_t gpa :
       {std::uint64_t{0}, std::uint64_t{0x1000}, std::uint64_t{0xFFFFF000},
        std::uint64_t{0x0123456789ABC000}, std::uint64_t{0xFFFFFFFFFFFFF000}}) {
    MrtdChain chain;
    chain.Add(gpa);
    EXPECT_EQ(chain.Finish(), Transcript().Add(gpa).Digest()) << gpa;
  }
}

TEST(MrtdChain, ExtendsInSixteenPiecesWithTheirOwnAddresses) {
  const Bytes page = RandomPages(1);
  MrtdChain chain;
  chain.Extend(0x7000, page);

  EXPECT_EQ(chain.Finish(), Transcript().Extend(0x7000, page).Digest());
}

TEST(MrtdChain, DependsOnEveryPieceOfAPage) {
  Bytes page = RandomPages(1);
  const auto digest = [&] {
    MrtdChain chain;
    chain.Extend(0, page);
    return chain.Finish();
  };
  const Digest384 before = digest();

  for (std::size_t at = 0; at < kPageBytes; at += 128) {
    page[at] ^= std::byte{1};
    EXPECT_NE(digest(), before) << at;
    page[at] ^= std::byte{1};
  }
}

TEST(MrtdChain, DependsOnTheOrderOfItsSteps) {
  const Bytes page = RandomPages(1);
  MrtdChain add_first;
  add_first.Add(0x1000);
  add_first.Extend(0x1000, page);
  MrtdChain extend_first;
  extend_first.Extend(0x1000, page);
  extend_first.Add(0x1000);

  EXPECT_NE(add_first.Finish(), extend_first.Finish());
}

// Firmware of random sections from a seed, with the transcripts of both orders.
struct RandomTdvf {
  explicit RandomTdvf(unsigned seed) : data(RandomPages(12, seed)) {
    std::mt19937 random(seed);
    std::uint64_t gpa = 0x100000;
    for (std::size_t next = 0; next < 12;) {
      const std::size_t pages = std::min<std::size_t>(1 + random() % 4, 12 - next);
      const auto bytes =
          std::span<const std::byte>(data).subspan(next * kPageBytes, pages * kPageBytes);
      AddSection(
          {.data = bytes, .gpa = gpa, .memory_size = bytes.size(), .measured = random() % 3 != 0});
      gpa += bytes.size() + random() % 3 * kPageBytes;
      next += pages;
    }
    AddSection({.gpa = gpa, .memory_size = 2 * kPageBytes, .type = TdvfSectionType::kTdHob});
  }
  RandomTdvf(const RandomTdvf&) = delete;

  void AddSection(const TdvfSection& section) {
    tdvf.sections.push_back(section);
    for (std::uint64_t at = 0; at < section.memory_size; at += kPageBytes) {
      single.Add(section.gpa + at);
      if (section.measured) single.Extend(section.gpa + at, section.data.subspan(at, kPageBytes));
      two.Add(section.gpa + at);
    }
    if (section.measured) two.Extend(section.gpa, section.data);
  }

  Bytes data;
  Tdvf tdvf;
  Transcript single;
  Transcript two;
};

TEST(MeasureTdvf, IsTheTranscriptOfEitherOrderForAnySections) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const RandomTdvf made(seed);
    EXPECT_EQ(MeasureTdvf(made.tdvf).value(), made.single.Digest()) << seed;
    EXPECT_EQ(MeasureTdvf(made.tdvf, PageAddOrder::kTwoPass).value(), made.two.Digest()) << seed;
  }
}

TEST(MeasureTdvf, TakesTheSinglePassByDefault) {
  const RandomTdvf made(3);

  EXPECT_EQ(MeasureTdvf(made.tdvf).value(),
            MeasureTdvf(made.tdvf, PageAddOrder::kSinglePass).value());
}

TEST(MeasureTdvf, DependsOnTheOrderOfSections) {
  RandomTdvf made(5);
  const Digest384 before = MeasureTdvf(made.tdvf).value();

  std::swap(made.tdvf.sections[0], made.tdvf.sections[1]);

  EXPECT_NE(MeasureTdvf(made.tdvf).value(), before);
}

TEST(MeasureTdvf, LooksAtTheContentsOfMeasuredSectionsOnly) {
  Bytes bytes(kPageBytes, std::byte{1});
  Tdvf tdvf;
  tdvf.sections = {{.data = bytes, .gpa = 0x1000, .memory_size = kPageBytes}};
  const Digest384 unmeasured = MeasureTdvf(tdvf).value();
  tdvf.sections[0].measured = true;
  const Digest384 measured = MeasureTdvf(tdvf).value();
  bytes[100] = std::byte{2};

  EXPECT_NE(MeasureTdvf(tdvf).value(), measured);
  tdvf.sections[0].measured = false;
  EXPECT_EQ(MeasureTdvf(tdvf).value(), unmeasured);
}

TEST(MeasureTdvf, DoesNotLookAtTheTypeOfASection) {
  Tdvf tdvf;
  tdvf.sections = {{.gpa = 0x1000, .memory_size = kPageBytes, .type = TdvfSectionType::kTdHob}};
  const Digest384 before = MeasureTdvf(tdvf).value();
  tdvf.sections[0].type = TdvfSectionType::kTempMem;

  EXPECT_EQ(MeasureTdvf(tdvf).value(), before);
}

TEST(MeasureTdvf, AcceptsUnmeasuredSectionsThatDataDoNotFill) {
  const Bytes bytes(100);
  Tdvf tdvf;
  tdvf.sections = {{.data = bytes, .gpa = 0x1000, .memory_size = kPageBytes}};
  EXPECT_THAT(MeasureTdvf(tdvf), Succeeds());

  tdvf.sections[0].measured = true;

  EXPECT_THAT(
      MeasureTdvf(tdvf),
      FailsWith(ErrorCode::kFailedPrecondition,
                HasSubstr("section at 0x1000: measured with 0x64 bytes of data for 0x1000")));
}

// Measuring IGVM files

constexpr std::uint32_t kUnmeasured = 2;
constexpr std::uint32_t kShared = 4;

Result<Digest384> MeasureIgvm(IgvmBuilder& builder, std::uint64_t max_pages = 1024) {
  const Bytes bytes = builder.Build();
  const igvm::File file = COCOS_TRY(igvm::ParseFile(bytes));
  return MeasureTdxIgvm(file, max_pages);
}

TEST(MeasureTdxIgvm, OfAFileThatLoadsNothingIsTheDigestOfNothing) {
  IgvmBuilder builder;
  builder.Tdx();

  EXPECT_EQ(MeasureIgvm(builder).value(), Sha384Of({}));
}

TEST(MeasureTdxIgvm, ExtendsPagesWithoutDataWithZeros) {
  IgvmBuilder builder;
  builder.Tdx().Page(0x1000, 0, 0, 0, 2);

  EXPECT_EQ(MeasureIgvm(builder).value(),
            Transcript().Add(0x1000).Extend(0x1000, Bytes(kPageBytes)).Digest());
}

TEST(MeasureTdxIgvm, AddsUnmeasuredPagesAndLeavesSharedOnesOut) {
  IgvmBuilder builder;
  builder.Tdx().Page(0x1000, 1, kUnmeasured, 0, 2).Page(0x2000, 1, kShared, 0, 2).Data(5);

  EXPECT_EQ(MeasureIgvm(builder).value(), Transcript().Add(0x1000).Digest());
}

TEST(MeasureTdxIgvm, AddsAllPagesOfAParameterAreaWithoutContents) {
  IgvmBuilder builder;
  builder.Tdx().Area(3 * kPageBytes, 0).Insert(0x4000, 0, 2);

  EXPECT_EQ(MeasureIgvm(builder).value(),
            Transcript().Add(0x4000).Add(0x5000).Add(0x6000).Digest());
}

TEST(MeasureTdxIgvm, TakesThePagesOfItsPlatformWhateverItsMaskIs) {
  for (const std::uint32_t mask : {1U, 2U, 0x10U, 0x80000000U}) {
    IgvmBuilder builder;
    builder.Tdx(mask).Platform(mask == 4 ? 8 : 4, 2);
    builder.Page(0x1000, 0, kUnmeasured, 0, mask).Page(0x2000, 0, kUnmeasured, 0, 4);
    EXPECT_EQ(MeasureIgvm(builder).value(), Transcript().Add(0x1000).Digest()) << mask;
  }
}

TEST(MeasureTdxIgvm, CountsPagesUpToTheMostOfBothKinds) {
  IgvmBuilder builder;
  builder.Tdx().Area(2 * kPageBytes, 0).Page(0x1000, 0, 0, 0, 2).Insert(0x4000, 0, 2);

  EXPECT_THAT(MeasureIgvm(builder, 3), Succeeds());
  EXPECT_THAT(MeasureIgvm(builder, 2), FailsWith(ErrorCode::kResourceExhausted,
                                                 HasSubstr("2 pages at 0x4000 after 1 others")));
  EXPECT_THAT(MeasureIgvm(builder, 0), FailsWith(ErrorCode::kResourceExhausted,
                                                 HasSubstr("1 pages at 0x1000 after 0 others")));
}

TEST(MeasureTdxIgvm, RefusesAnAreaThatWrapsAround) {
  IgvmBuilder builder;
  builder.Tdx().Area(2 * kPageBytes, 0).Insert(0xFFFFFFFFFFFFF000, 0, 2);

  const auto measured = MeasureIgvm(builder);

  ASSERT_THAT(measured, FailsWith(ErrorCode::kResourceExhausted));
  EXPECT_EQ(measured.error().reason(), "limit");
}

TEST(MeasureTdxIgvm, NamesTheReasonOfEachRefusal) {
  IgvmBuilder large;
  large.Tdx().Page(0x200000, 0, 1, 0, 2);
  IgvmBuilder other;
  other.Snp().Page(0x1000);

  EXPECT_EQ(MeasureIgvm(large).error().reason(), "unsupported_2mb_data");
  EXPECT_EQ(MeasureIgvm(other).error().reason(), "incompatible");
}

TEST(MeasureTdxIgvm, AcceptsLargePagesOfOtherPlatforms) {
  IgvmBuilder builder;
  builder.Snp().Tdx().Page(0x200000, 0, 1, 0, 1).Page(0x1000, 0, kUnmeasured, 0, 2);

  EXPECT_EQ(MeasureIgvm(builder).value(), Transcript().Add(0x1000).Digest());
}

}  // namespace
}  // namespace cocos::attestation::launch
