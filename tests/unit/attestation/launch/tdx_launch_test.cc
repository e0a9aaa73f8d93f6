#include <gtest/gtest.h>

#include "attestation/launch/mrtd.h"
#include "attestation/launch/rtmr.h"
#include "attestation/launch/td_hob.h"
#include "base/byte_reader.h"
#include "support/result_matchers.h"
#include "unit/attestation/launch/firmware_builder.h"
#include "unit/attestation/launch/igvm_builder.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::FirmwareBuilder;
using cocos::testing::IgvmBuilder;
using cocos::testing::kTdxMetadataGuid;
using cocos::testing::Succeeds;
using cocos::testing::TdxMetadata;
using cocos::testing::TdxSection;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr std::uint32_t kMetadataFromEnd = 1024;
constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t kGibibyte = std::uint64_t{1} << 30;

// Measured code, unmeasured variables, hand-off blocks, temporary memory.
const std::vector<TdxSection> kSections = {{0, 8192, 0xFFFFE000, 8192, 0, 1},
                                           {0, 4096, 0xFFFFD000, 4096, 1, 0},
                                           {0, 0, 0x809000, 0x2000, 2, 0},
                                           {0, 0, 0x810000, 0x1000, 3, 0}};

Bytes Image(const Bytes& metadata) {
  return FirmwareBuilder(8192)
      .Fill(0, 100, std::byte{0xAB})
      .At(kMetadataFromEnd, metadata)
      .Entry(kTdxMetadataGuid, std::vector<std::uint32_t>{kMetadataFromEnd})
      .Build();
}
Bytes Image(const std::vector<TdxSection>& sections = kSections) {
  return Image(TdxMetadata(sections));
}

// The valid sections with one of them changed.
template <typename Change>
Bytes ImageWith(std::size_t index, Change change) {
  std::vector<TdxSection> sections = kSections;
  change(sections[index]);
  return Image(sections);
}

// The definition, word for word.
class Reference {
 public:
  Reference& Add(std::uint64_t gpa) { return Record("MEM.PAGE.ADD", gpa); }
  Reference& Extend(std::uint64_t gpa, std::span<const std::byte> page) {
    for (std::size_t at = 0; at < page.size(); at += 256) {
      Record("MR.EXTEND", gpa + at);
      all_.Bytes(page.subspan(at, 256));
    }
    return *this;
  }
  Digest384 Finish() const { return Sha384Of(all_.view()); }

 private:
  Reference& Record(std::string_view name, std::uint64_t gpa) {
    all_.Text(name).Zeros(16 - name.size()).Le(gpa).Zeros(104);
    return *this;
  }
  ByteWriter all_;
};

TEST(Mrtd, AddsAndExtendsPageByPage) {
  const Bytes image = Image();
  const std::span<const std::byte> bytes(image);
  Reference expected;
  expected.Add(0xFFFFE000).Extend(0xFFFFE000, bytes.first(4096));
  expected.Add(0xFFFFF000).Extend(0xFFFFF000, bytes.last(4096));
  expected.Add(0xFFFFD000).Add(0x809000).Add(0x80A000).Add(0x810000);
  const auto tdvf = ParseTdvf(image);
  ASSERT_THAT(tdvf, Succeeds());

  EXPECT_EQ(MeasureTdvf(*tdvf).value(), expected.Finish());
}

TEST(Mrtd, InTwoPassesAddsBeforeItExtends) {
  const Bytes image = Image();
  const std::span<const std::byte> bytes(image);
  Reference expected;
  expected.Add(0xFFFFE000).Add(0xFFFFF000).Extend(0xFFFFE000, bytes);
  expected.Add(0xFFFFD000).Add(0x809000).Add(0x80A000).Add(0x810000);
  const auto tdvf = ParseTdvf(image);
  ASSERT_THAT(tdvf, Succeeds());

  EXPECT_EQ(MeasureTdvf(*tdvf, PageAddOrder::kTwoPass).value(), expected.Finish());
}

TEST(Mrtd, ChangesWithEveryByteOfMeasuredSections) {
  Bytes image = Image();
  const Digest384 before = MeasureTdvf(ParseTdvf(image).value()).value();

  for (std::size_t at = 0; at < 4096; at += 97) {
    image[at] ^= std::byte{1};
    EXPECT_NE(MeasureTdvf(ParseTdvf(image).value()).value(), before) << at;
    image[at] ^= std::byte{1};
  }
}

TEST(Mrtd, OfAMeasuredSectionThatDataDoesNotFillIsRefused) {
  const Bytes image = ImageWith(0, [](TdxSection& section) { section.raw_size = 4096; });
  const auto tdvf = ParseTdvf(image);
  ASSERT_THAT(tdvf, Succeeds());

  EXPECT_THAT(MeasureTdvf(*tdvf), FailsWith(ErrorCode::kFailedPrecondition));
}

TEST(Tdvf, WithAWrongSectionIsRefused) {
  const std::vector<std::pair<std::size_t, void (*)(TdxSection&)>> changes = {
      {0, [](TdxSection& s) { s.type = 4; }},
      {0, [](TdxSection& s) { s.attributes = 2; }},
      {0, [](TdxSection& s) { s.gpa += 1; }},
      {0, [](TdxSection& s) { s.memory_size += 1; }},
      {0, [](TdxSection& s) { s.memory_size = 0; }},
      {0, [](TdxSection& s) { s.memory_size = 4096; }},
      {0, [](TdxSection& s) { s.data_offset = 1; }},
      {0, [](TdxSection& s) { s.raw_size = 0; }},
      {0, [](TdxSection& s) { s.gpa = 0xFFFFFFFFFFFFF000; }},
      {2, [](TdxSection& s) { s.raw_size = 4096; }},
      {2, [](TdxSection& s) { s.type = 3; }},
      {3, [](TdxSection& s) { s.type = 2; }},
      {3, [](TdxSection& s) { s.gpa = 0x80A000; }},
      {3, [](TdxSection& s) { s.memory_size = std::uint64_t{1} << 40; }},
  };

  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_THAT(ParseTdvf(ImageWith(changes[i].first, changes[i].second)),
                FailsWith(ErrorCode::kMalformed))
        << i;
  }
}

TEST(Tdvf, WithAWrongHeaderIsRefused) {
  for (const std::size_t at : {0, 4, 8, 12}) {
    Bytes metadata = TdxMetadata(kSections);
    metadata[at] ^= std::byte{3};
    EXPECT_THAT(ParseTdvf(Image(metadata)), FailsWith(ErrorCode::kMalformed)) << at;
  }
}

TEST(Tdvf, CutOffInItsSectionsIsRefused) {
  const Bytes metadata = TdxMetadata(kSections);
  for (const std::uint32_t size : {0U, 8U, 16U, 47U}) {
    const Bytes image = FirmwareBuilder()
                            .Entry(kTdxMetadataGuid, std::vector<std::uint32_t>{size})
                            .At(size, std::span(metadata).first(size))
                            .Build();
    EXPECT_THAT(ParseTdvf(image), FailsWith(ErrorCode::kMalformed)) << size;
  }
}

TEST(Tdvf, WithoutMetadataIsNotFound) {
  EXPECT_THAT(ParseTdvf(FirmwareBuilder().Build()), FailsWith(ErrorCode::kNotFound));
}

TEST(TdHob, ListsMemoryAroundWhatTheFirmwareUses) {
  const Bytes image = Image();
  const auto tdvf = ParseTdvf(image);
  ASSERT_THAT(tdvf, Succeeds());

  const auto hob = BuildTdHob(*tdvf, 16 * kMebibyte);

  ASSERT_THAT(hob, Succeeds());
  ByteReader reader(*hob);
  reader.Skip(48);
  EXPECT_EQ(reader.Le<std::uint64_t>(), 0x809000 + 56 + 5 * 48 + 8U);
  const std::vector<std::array<std::uint64_t, 3>> expected = {{7, 0, 0x809000},
                                                              {0, 0x809000, 0x2000},
                                                              {7, 0x80B000, 0x5000},
                                                              {0, 0x810000, 0x1000},
                                                              {7, 0x811000, 0x7EF000}};
  for (const auto& [type, start, length] : expected) {
    reader.Skip(24);
    EXPECT_EQ(reader.Le<std::uint32_t>(), type);
    reader.Skip(4);
    EXPECT_EQ(reader.Le<std::uint64_t>(), start);
    EXPECT_EQ(reader.Le<std::uint64_t>(), length);
  }
  EXPECT_THAT(reader.Finish("list"), Succeeds());
}

TEST(TdHob, SplitsMemoryAtFourGibibytesFromALimitOn) {
  const Bytes image = Image();
  const auto tdvf = ParseTdvf(image);
  ASSERT_THAT(tdvf, Succeeds());
  constexpr std::uint64_t kLimit = 0xB0000000;

  EXPECT_EQ(BuildTdHob(*tdvf, kLimit - 4096)->size(), 56 + 5 * 48U);
  EXPECT_EQ(BuildTdHob(*tdvf, kLimit)->size(), 56 + 6 * 48U);
}

TEST(TdHob, NeedsWholePagesAndRoomForTheFirmware) {
  const Bytes image = Image();
  const auto tdvf = ParseTdvf(image);
  ASSERT_THAT(tdvf, Succeeds());

  EXPECT_THAT(MeasureTdHob(*tdvf, 0x811000), Succeeds());
  EXPECT_THAT(MeasureTdHob(*tdvf, 0x810000), FailsWith(ErrorCode::kFailedPrecondition));
  for (const std::uint64_t memory : {std::uint64_t{0}, kGibibyte + 1, std::uint64_t{1} << 52}) {
    EXPECT_THAT(MeasureTdHob(*tdvf, memory), FailsWith(ErrorCode::kInvalidArgument)) << memory;
  }
}

TEST(TdxIgvm, AddsAndExtendsInTheOrderOfTheFile) {
  const Bytes page(kPageBytes, std::byte{0x5A});
  const Bytes zeros(kPageBytes);
  IgvmBuilder builder;
  builder.Snp().Tdx().Area(8192, 0);
  builder.Page(0x3000, 1, 0, 0, 2).Page(0x1000, 0, 0, 0, 2).Page(0x2000, 1, 2, 0, 3);
  builder.Page(0x7000, 1, 4, 0, 2).Page(0x8000, 1, 0, 0, 1).Insert(0x5000, 0, 2).Data(page);
  const Bytes bytes = builder.Build();
  const auto file = igvm::ParseFile(bytes);
  ASSERT_THAT(file, Succeeds());
  Reference expected;
  expected.Add(0x3000).Extend(0x3000, page).Add(0x1000).Extend(0x1000, zeros);
  expected.Add(0x2000).Add(0x5000).Add(0x6000);

  EXPECT_EQ(MeasureTdxIgvm(*file).value(), expected.Finish());
}

TEST(TdxIgvm, RefusesLargePagesOtherPlatformsAndTooMuch) {
  const auto measure = [](IgvmBuilder builder, std::uint64_t max_pages) -> Result<Digest384> {
    const Bytes bytes = builder.Build();
    const igvm::File file = COCOS_TRY(igvm::ParseFile(bytes));
    return MeasureTdxIgvm(file, max_pages);
  };

  EXPECT_THAT(measure(IgvmBuilder().Tdx().Page(0x200000, 0, 1, 0, 2), 1),
              FailsWith(ErrorCode::kMalformed, HasSubstr("2 MiB")));
  EXPECT_THAT(measure(IgvmBuilder().Snp().Page(0), 1), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(measure(IgvmBuilder().Tdx().Area(8192, 0).Insert(0, 0, 2), 2), Succeeds());
  EXPECT_THAT(measure(IgvmBuilder().Tdx().Area(8192, 0).Insert(0, 0, 2), 1),
              FailsWith(ErrorCode::kResourceExhausted));
}

TEST(Rtmr, ExtendsFromZeros) {
  const Digest384 digest = Sha384Of(crypto::BytesOf("event"));
  ByteWriter both;
  both.Zeros(48).Bytes(digest);

  EXPECT_EQ(ReplayRtmr(std::span(&digest, 1)), Sha384Of(both.view()));
  EXPECT_EQ(ReplayRtmr({}), Digest384{});
}

TEST(Rtmr1, DependsOnKernelAndSeparator) {
  Digest384 kernel{};
  const Digest384 one = MeasureRtmr1({.kernel = kernel});
  kernel[0] = std::byte{1};

  EXPECT_NE(MeasureRtmr1({.kernel = kernel}), one);
  EXPECT_NE(MeasureRtmr1({.has_separator = false}), one);
}

TEST(Rtmr2, PutsTheInitrdArgumentWhereTheFirmwareDoes) {
  const Digest384 initrd{};
  const auto text = [&](InitrdArgument form, bool shim, bool has_initrd) {
    Rtmr2Input input = {.command_line = "quiet", .initrd_argument = form, .through_shim = shim};
    if (has_initrd) input.initrd = initrd;
    return LoadOptionsText(input);
  };

  EXPECT_EQ(text(InitrdArgument::kInFront, false, true), "initrd=initrd quiet");
  EXPECT_EQ(text(InitrdArgument::kBehind, false, true), "quiet initrd=initrd");
  EXPECT_EQ(text(InitrdArgument::kNone, false, true), "quiet");
  EXPECT_EQ(text(InitrdArgument::kInFront, false, false), "quiet");
  EXPECT_EQ(text(InitrdArgument::kInFront, true, true), "kernel initrd=initrd quiet");
}

TEST(Rtmr2, IsACommandLineInUtf16AndThenTheInitrd) {
  const std::string utf16("h\0i\0\0\0", 6);
  const Digest384 initrd = Sha384Of(crypto::BytesOf("initrd"));
  const std::vector<Digest384> digests = {Sha384Of(crypto::BytesOf(utf16)), initrd};

  EXPECT_EQ(MeasureRtmr2(
                {.command_line = "hi", .initrd = initrd, .initrd_argument = InitrdArgument::kNone})
                .value(),
            ReplayRtmr(digests));
  EXPECT_EQ(MeasureRtmr2({.command_line = "hi"}).value(), ReplayRtmr(std::span(digests).first(1)));
}

TEST(Rtmr2, RefusesWhatFirmwareWidensInUnknownWays) {
  EXPECT_THAT(MeasureRtmr2({.command_line = "\x7F"}), Succeeds());
  EXPECT_THAT(MeasureRtmr2({.command_line = "\x80"}), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(MeasureRtmr2({.command_line = std::string(1, '\0')}),
              FailsWith(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace cocos::attestation::launch
