// The TDVF metadata of firmware images and every way in which it can be wrong.
#include "attestation/launch/tdvf.h"

#include <gtest/gtest.h>

#include "base/byte_reader.h"
#include "support/result_matchers.h"
#include "unit/attestation/launch/firmware_builder.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::FirmwareBuilder;
using cocos::testing::kTdxMetadataGuid;
using cocos::testing::Succeeds;
using cocos::testing::TdxMetadata;
using cocos::testing::TdxSection;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr std::uint32_t kMetadataFromEnd = 3072;
constexpr std::uint64_t kMostMemory = std::uint64_t{256} << 20;
// Code, variables, hand-off blocks, temporary memory.
const std::vector<TdxSection> kSections = {{4096, 4096, 0xFFFFF000, 4096, 0, 1},
                                           {0, 4096, 0xFFFFE000, 4096, 1, 0},
                                           {0, 0, 0x809000, 0x2000, 2, 0},
                                           {0, 0, 0x810000, 0x1000, 3, 0}};

Bytes ImageWithMetadata(const Bytes& metadata, std::size_t size = 8192) {
  return FirmwareBuilder(size)
      .At(kMetadataFromEnd, metadata)
      .Entry(kTdxMetadataGuid, {kMetadataFromEnd})
      .Build();
}

// Whether these sections are accepted; an image is kept for as long as it is looked at.
Result<void> Parse(const std::vector<TdxSection>& sections) {
  const Bytes image = ImageWithMetadata(TdxMetadata(sections));
  COCOS_TRY(ParseTdvf(image));
  return {};
}

// `count` sections: hand-off blocks and then single pages of temporary memory.
std::vector<TdxSection> Sections(std::uint32_t count) {
  std::vector<TdxSection> sections = {{0, 0, 0x1000, 0x1000, 2, 0}};
  for (std::uint32_t i = 1; i < count; ++i) {
    sections.push_back({0, 0, 0x1000 + std::uint64_t{i} * 0x1000, 0x1000, 3, 0});
  }
  return sections;
}

TEST(TdvfMetadata, GivesEachSectionWithItsDataInTheOrderOfTheTable) {
  const Bytes image = ImageWithMetadata(TdxMetadata(kSections));

  const auto tdvf = ParseTdvf(image);

  ASSERT_THAT(tdvf, Succeeds());
  ASSERT_EQ(tdvf->sections.size(), kSections.size());
  for (std::size_t i = 0; i < kSections.size(); ++i) {
    const TdvfSection& section = tdvf->sections[i];
    EXPECT_EQ(section.gpa, kSections[i].gpa);
    EXPECT_EQ(section.memory_size, kSections[i].memory_size);
    EXPECT_EQ(section.data.size(), kSections[i].raw_size);
    EXPECT_EQ(section.data.data(), image.data() + kSections[i].data_offset);
    EXPECT_EQ(static_cast<std::uint32_t>(section.type), kSections[i].type);
    EXPECT_EQ(section.measured, kSections[i].attributes == 1);
  }
  EXPECT_EQ(&tdvf->td_hob(), &tdvf->sections[2]);
}

TEST(TdvfMetadata, HasTwoToSixtyFourSections) {
  for (const std::uint32_t count : {2U, 3U, 63U, 64U}) {
    EXPECT_THAT(Parse(Sections(count)), Succeeds()) << count;
  }
  EXPECT_THAT(Parse(Sections(1)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("1 sections, want 2 to 64")));
  EXPECT_THAT(Parse(Sections(65)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("65 sections, want 2 to 64")));
}

struct WordCase {
  const char* what;
  std::size_t word;
  std::uint32_t value;
  const char* message;
};

class TdvfHeader : public ::testing::TestWithParam<WordCase> {};

TEST_P(TdvfHeader, IsRefusedWhenOneWordIsWrong) {
  Bytes metadata = TdxMetadata(kSections);
  ByteWriter value;
  value.Le(GetParam().value);
  std::ranges::copy(value.view(),
                    metadata.begin() + static_cast<std::ptrdiff_t>(4 * GetParam().word));

  EXPECT_THAT(ParseTdvf(ImageWithMetadata(metadata)),
              FailsWith(ErrorCode::kMalformed, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Words, TdvfHeader,
    ::testing::Values(WordCase{"Signature", 0, 0x56455341, "signature 0x56455341, want 0x46564454"},
                      WordCase{"LengthOneLess", 1, 143, "length 143 for 4 sections, want 144"},
                      WordCase{"LengthOneMore", 1, 145, "length 145 for 4 sections, want 144"},
                      WordCase{"LengthWithGuid", 1, 160, "length 160 for 4 sections"},
                      WordCase{"VersionZero", 2, 0, "version 0, want 1"},
                      WordCase{"VersionTwo", 2, 2, "version 2, want 1"},
                      WordCase{"CountOfThree", 3, 3, "length 144 for 3 sections, want 112"},
                      WordCase{"CountOfFive", 3, 5, "length 144 for 5 sections, want 176"},
                      WordCase{"CountThatWraps", 3, 0x08000004, "134217732 sections"}),
    [](const auto& tested) { return tested.param.what; });

struct SectionCase {
  const char* what;
  std::size_t section;
  void (*change)(TdxSection&);
  const char* message;
};

class TdvfSectionField : public ::testing::TestWithParam<SectionCase> {};

TEST_P(TdvfSectionField, IsRefusedByNameWithTheNumberOfTheSection) {
  std::vector<TdxSection> sections = kSections;
  GetParam().change(sections[GetParam().section]);

  EXPECT_THAT(Parse(sections), FailsWith(ErrorCode::kMalformed, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, TdvfSectionField,
    ::testing::Values(
        SectionCase{"Type", 0, [](TdxSection& s) { s.type = 4; }, "section 0: type 4, want 0 to 3"},
        SectionCase{"TypeOfAllBits", 3, [](TdxSection& s) { s.type = 0xFFFFFFFF; },
                    "section 3: type 4294967295"},
        SectionCase{"PageAug", 3, [](TdxSection& s) { s.attributes = 2; },
                    "section 3: attributes 0x2, want 0 or 1"},
        SectionCase{"TopAttribute", 1, [](TdxSection& s) { s.attributes = 0x80000001; },
                    "section 1: attributes 0x80000001"},
        SectionCase{"Address", 2, [](TdxSection& s) { s.gpa += 0x800; },
                    "section 2: 0x2000 bytes at 0x809800, want whole pages"},
        SectionCase{"MemorySize", 2, [](TdxSection& s) { s.memory_size -= 1; },
                    "section 2: 0x1fff bytes at 0x809000, want whole pages"},
        SectionCase{"NoMemory", 3, [](TdxSection& s) { s.memory_size = 0; },
                    "section 3: 0x0 bytes at 0x810000"},
        SectionCase{"TooMuchMemory", 3, [](TdxSection& s) { s.memory_size = kMostMemory + 4096; },
                    "want at most 0x10000000"},
        SectionCase{"MemoryThatWraps", 3, [](TdxSection& s) { s.gpa = 0xFFFFFFFFFFFFF000; },
                    "section 3: 0x1000 bytes at 0xfffffffffffff000"},
        SectionCase{"MoreDataThanMemory", 0, [](TdxSection& s) { s.raw_size = 4097; },
                    "section 0: 0x1001 bytes of data for 0x1000 bytes of memory"},
        SectionCase{"DataBehindTheImage", 0, [](TdxSection& s) { s.data_offset = 4097; },
                    "section 0: 0x1000 bytes of data at 0x1001, but the image has 0x2000"},
        SectionCase{"DataOffsetBehindTheImage", 2, [](TdxSection& s) { s.data_offset = 8193; },
                    "section 2: 0x0 bytes of data at 0x2001"},
        SectionCase{"DataOffsetThatWraps", 0, [](TdxSection& s) { s.data_offset = 0xFFFFF000; },
                    "section 0: 0x1000 bytes of data at 0xfffff000"},
        SectionCase{"CodeWithoutData", 0, [](TdxSection& s) { s.raw_size = 0; },
                    "section 0: 0x0 bytes of data, want some"},
        SectionCase{"VariablesWithoutData", 1, [](TdxSection& s) { s.raw_size = 0; },
                    "section 1: 0x0 bytes of data, want some"},
        SectionCase{"HandoffWithData", 2, [](TdxSection& s) { s.raw_size = 1; },
                    "section 2: 0x1 bytes of data, want none"},
        SectionCase{"TemporaryMemoryWithData", 3, [](TdxSection& s) { s.raw_size = 4096; },
                    "section 3: 0x1000 bytes of data, want none"},
        SectionCase{"TwoHandoffs", 3, [](TdxSection& s) { s.type = 2; },
                    "2 sections of type TD_HOB, want 1"},
        SectionCase{"NoHandoff", 2, [](TdxSection& s) { s.type = 3; },
                    "0 sections of type TD_HOB, want 1"}),
    [](const auto& tested) { return tested.param.what; });

TEST(TdvfMetadata, AcceptsTheLastAddressThatDoesNotWrap) {
  std::vector<TdxSection> sections = kSections;
  sections[3].gpa = 0xFFFFFFFFFFFFE000;

  EXPECT_THAT(Parse(sections), Succeeds());
}

TEST(TdvfMetadata, AcceptsSectionsThatTouchAndRefusesThoseThatOverlap) {
  const auto with_memory_at = [](std::uint64_t gpa) {
    std::vector<TdxSection> sections = kSections;
    sections[3].gpa = gpa;
    return Parse(sections);
  };

  EXPECT_THAT(with_memory_at(0x808000), Succeeds());
  EXPECT_THAT(with_memory_at(0x809000),
              FailsWith(ErrorCode::kMalformed, HasSubstr("sections 2 and 3 overlap")));
  EXPECT_THAT(with_memory_at(0x80A000),
              FailsWith(ErrorCode::kMalformed, HasSubstr("sections 2 and 3 overlap")));
  EXPECT_THAT(with_memory_at(0x80B000), Succeeds());
}

TEST(TdvfMetadata, RefusesASectionAroundAnother) {
  std::vector<TdxSection> sections = kSections;
  sections[3] = {0, 0, 0x800000, 0x100000, 3, 0};

  EXPECT_THAT(Parse(sections), FailsWith(ErrorCode::kMalformed, HasSubstr("overlap")));
}

TEST(TdvfMetadata, BoundsTheMemoryOfAllSectionsTogether) {
  const auto with_memory = [](std::uint64_t size) {
    return Parse({{0, 0, 0, 0x1000, 2, 0}, {0, 0, 0x10000000, size, 3, 0}});
  };

  EXPECT_THAT(with_memory(kMostMemory - 0x1000), Succeeds());
  EXPECT_THAT(with_memory(kMostMemory),
              FailsWith(ErrorCode::kMalformed, HasSubstr("sections of 0x10001000 bytes")));
}

TEST(TdvfMetadata, IsRefusedWhenTheImageEndsInside) {
  const Bytes metadata = TdxMetadata(kSections);
  for (std::uint32_t size = 0; size < metadata.size(); ++size) {
    const Bytes image = FirmwareBuilder(8192)
                            .Entry(kTdxMetadataGuid, {size})
                            .At(size, std::span(metadata).first(size))
                            .Build();
    EXPECT_THAT(ParseTdvf(image), FailsWith(ErrorCode::kMalformed)) << size;
  }
}

TEST(TdvfImage, IsAtMostSixtyFourMebibytesOfAnySize) {
  constexpr std::size_t kMost = std::size_t{64} << 20;
  const Bytes metadata = TdxMetadata(kSections);

  EXPECT_THAT(ParseTdvf(ImageWithMetadata(metadata, 8193)), Succeeds());
  EXPECT_THAT(ParseTdvf(ImageWithMetadata(metadata, kMost)), Succeeds());
  EXPECT_THAT(ParseTdvf(ImageWithMetadata(metadata, kMost + 1)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("67108865 bytes, want at most 67108864")));
}

TEST(TdvfImage, IsMalformedWithoutATableAndNotFoundWithoutMetadata) {
  EXPECT_THAT(ParseTdvf({}), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseTdvf(Bytes(8192)), FailsWith(ErrorCode::kMalformed, HasSubstr("GUID table")));
  EXPECT_THAT(ParseTdvf(FirmwareBuilder().Build()), FailsWith(ErrorCode::kNotFound));
}

// Any byte of the metadata with any value: an error or sections that hold what the header promises.
TEST(TdvfMetadata, NeverGivesSectionsThatBreakItsPromises) {
  Bytes metadata = TdxMetadata(kSections);

  for (std::byte& byte : metadata) {
    const std::byte before = byte;
    for (int value = 0; value < 256; ++value) {
      byte = static_cast<std::byte>(value);
      const Bytes image = ImageWithMetadata(metadata);
      const auto tdvf = ParseTdvf(image);
      if (!tdvf) continue;
      std::size_t hobs = 0;
      for (const TdvfSection& section : tdvf->sections) {
        hobs += section.type == TdvfSectionType::kTdHob;
        EXPECT_EQ(section.gpa % 4096, 0U);
        EXPECT_EQ(section.memory_size % 4096, 0U);
        EXPECT_LE(section.data.size(), section.memory_size);
        EXPECT_LE(section.memory_size, kMostMemory);
        EXPECT_LE(section.data.data() + section.data.size(), image.data() + image.size());
      }
      EXPECT_EQ(hobs, 1U);
    }
    byte = before;
  }
}

}  // namespace
}  // namespace cocos::attestation::launch
