// Directives that load memory, field by field.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/igvm/file.h"
#include "support/result_matchers.h"
#include "unit/attestation/igvm/igvm_cases.h"

namespace cocos::attestation::igvm {
namespace {

using cocos::testing::Bytes;
using cocos::testing::Content;
using cocos::testing::FileWith;
using cocos::testing::FileWithArea;
using cocos::testing::IgvmBuilder;
using cocos::testing::RefusedFor;
using cocos::testing::Succeeds;

// PAGE_DATA behind an SEV-SNP platform: its 24 bytes of content end where the data begins.
constexpr std::uint32_t kPageDataStart = 24 + 24 + 8 + 24;

struct PageFields {
  std::uint64_t gpa = 0x1000;
  std::uint32_t mask = 1;
  std::uint32_t offset = 0;
  std::uint32_t flags = 0;
  std::uint16_t type = 0;
  std::uint16_t reserved = 0;
};

Bytes FileOf(const PageFields& fields) {
  ByteWriter content;
  content.Le(fields.gpa).Le(fields.mask).Le(fields.offset).Le(fields.flags);
  content.Le(fields.type).Le(fields.reserved);
  return FileWith(0x302, Content(content));
}

// The only directive of a file, which must parse.
template <typename T>
T OnlyDirective(const Bytes& bytes) {
  const auto file = ParseFile(bytes);
  EXPECT_THAT(file, Succeeds());
  if (!file || file->directives.size() != 1) return T{};
  const T* const directive = std::get_if<T>(&file->directives[0]);
  EXPECT_NE(directive, nullptr);
  return directive == nullptr ? T{} : *directive;
}

TEST(IgvmPageData, KeepsEveryField) {
  const Bytes bytes = FileOf({.gpa = 0x0102030405067000,
                              .mask = 0x80000001,
                              .offset = kPageDataStart,
                              .flags = 6,
                              .type = 2});
  const auto page = OnlyDirective<PageData>(bytes);

  EXPECT_EQ(page.gpa, 0x0102030405067000U);
  EXPECT_EQ(page.mask, 0x80000001U);
  EXPECT_FALSE(page.large);
  EXPECT_TRUE(page.unmeasured);
  EXPECT_TRUE(page.shared);
  EXPECT_EQ(page.type, PageDataType::kCpuidData);
  EXPECT_EQ(page.data.data(), bytes.data() + kPageDataStart);
  EXPECT_EQ(page.data.size(), 4096U);
}

TEST(IgvmPageData, TellsItsThreeFlagsApart) {
  for (std::uint32_t flags = 0; flags < 8; ++flags) {
    const auto page = OnlyDirective<PageData>(FileOf({.gpa = 0x200000, .flags = flags}));
    EXPECT_EQ(page.large, (flags & 1) != 0) << flags;
    EXPECT_EQ(page.unmeasured, (flags & 2) != 0) << flags;
    EXPECT_EQ(page.shared, (flags & 4) != 0) << flags;
  }
}

TEST(IgvmPageData, HasNoOtherFlag) {
  for (unsigned bit = 3; bit < 32; ++bit) {
    EXPECT_THAT(ParseFile(FileOf({.flags = 1U << bit})),
                RefusedFor("reserved", fmt::format("unknown flags {:#x}, want 0", 1U << bit)));
  }
}

TEST(IgvmPageData, HasNoReservedBit) {
  for (unsigned bit = 0; bit < 16; ++bit) {
    EXPECT_THAT(ParseFile(FileOf({.reserved = static_cast<std::uint16_t>(1U << bit)})),
                RefusedFor("reserved", "PAGE_DATA: reserved field"))
        << bit;
  }
}

TEST(IgvmPageData, IsOfFourTypes) {
  constexpr PageDataType kTypes[] = {PageDataType::kNormal, PageDataType::kSecrets,
                                     PageDataType::kCpuidData, PageDataType::kCpuidXf};
  for (std::uint16_t type = 0; type < std::size(kTypes); ++type) {
    EXPECT_EQ(OnlyDirective<PageData>(FileOf({.type = type})).type, kTypes[type]);
  }
  for (const auto type : std::initializer_list<std::uint16_t>{4, 5, 0x100, 0xFFFF}) {
    EXPECT_THAT(ParseFile(FileOf({.type = type})),
                RefusedFor("page_data_type", fmt::format("page data type {}, want 0 to 3", type)));
  }
}

TEST(IgvmPageData, StandsAtAMultipleOfItsSize) {
  for (unsigned bit = 0; bit < 12; ++bit) {
    EXPECT_THAT(ParseFile(FileOf({.gpa = 1U << bit})),
                RefusedFor("alignment", "want a multiple of 0x1000"))
        << bit;
  }
  EXPECT_EQ(OnlyDirective<PageData>(FileOf({.gpa = 0})).gpa, 0U);
  EXPECT_EQ(OnlyDirective<PageData>(FileOf({.gpa = 0xFFFFFFFFFFFFF000})).gpa, 0xFFFFFFFFFFFFF000U);
}

TEST(IgvmPageData, OfTwoMebibytesStandsAtAMultipleOfThat) {
  for (unsigned bit = 12; bit < 21; ++bit) {
    EXPECT_THAT(ParseFile(FileOf({.gpa = 1U << bit, .flags = 1})),
                RefusedFor("alignment", "of a 2 MiB page, want a multiple of 0x200000"))
        << bit;
  }
  for (const std::uint64_t gpa : {0x0ULL, 0x200000ULL, 0xFFFFFFFFFFE00000ULL}) {
    EXPECT_TRUE(OnlyDirective<PageData>(FileOf({.gpa = gpa, .flags = 1})).large);
  }
}

// Not even an offset that is out of range is looked at: 4 KiB there would not be the page.
TEST(IgvmPageData, OfTwoMebibytesHasNoData) {
  for (const std::uint32_t offset : {1U, kPageDataStart, 0xFFFFFFFFU}) {
    EXPECT_THAT(ParseFile(FileOf({.gpa = 0x200000, .offset = offset, .flags = 1})),
                RefusedFor("unsupported_2mb_data", "2 MiB page with data"));
  }
}

TEST(IgvmPageData, WithoutAnOffsetIsAPageOfZeros) {
  EXPECT_TRUE(OnlyDirective<PageData>(FileOf({.offset = 0})).data.empty());
}

TEST(IgvmPageData, LiesInTheDataWithBothEnds) {
  EXPECT_THAT(ParseFile(FileOf({.offset = kPageDataStart})), Succeeds());
  for (const std::uint32_t offset : {1U, 24U, kPageDataStart - 1, kPageDataStart + 1,
                                     kPageDataStart + 4096, 0xFFFFF000U, 0xFFFFFFFFU}) {
    EXPECT_THAT(ParseFile(FileOf({.offset = offset})),
                RefusedFor("file_data_range",
                           fmt::format("0x1000 bytes at {:#x}, want a part of the data 0x50 to "
                                       "0x1050",
                                       offset)));
  }
}

// What two pages at one address mean is for who measures: the firmware refuses the second.
TEST(IgvmPageData, MayOverlapAndShareData) {
  const Bytes bytes = IgvmBuilder().Snp().Page(0x1000, 1).Page(0x1000, 1).Page(0x1000).Build();
  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  ASSERT_EQ(file->directives.size(), 3U);
  EXPECT_EQ(std::get<PageData>(file->directives[0]).data.data(),
            std::get<PageData>(file->directives[1]).data.data());
  EXPECT_TRUE(std::get<PageData>(file->directives[2]).data.empty());
}

TEST(IgvmPageData, MayNameNoOrSeveralPlatforms) {
  for (const std::uint32_t mask : {0U, 1U, 2U, 3U, 0xFFFFFFFFU}) {
    EXPECT_EQ(OnlyDirective<PageData>(FileOf({.mask = mask})).mask, mask);
  }
}

// PARAMETER_AREA: bytes, index, file offset.
Bytes Area(std::uint64_t bytes, std::uint32_t index, std::uint32_t offset) {
  ByteWriter content;
  content.Le(bytes).Le(index).Le(offset);
  return FileWith(0x301, Content(content));
}
constexpr std::uint32_t kAreaDataStart = 24 + 24 + 24;

TEST(IgvmParameterArea, IsAtLeastOneWholePage) {
  EXPECT_THAT(ParseFile(Area(4096, 0, 0)), Succeeds());
  EXPECT_THAT(ParseFile(Area(std::uint64_t{1} << 60, 0, 0)), Succeeds());
  EXPECT_THAT(ParseFile(Area(0, 0, 0)),
              RefusedFor("alignment", "parameter area size 0, want at least a page"));
  for (const std::uint64_t bytes : {1ULL, 4095ULL, 4097ULL, 0xFFFFFFFFFFFFFFFFULL}) {
    EXPECT_THAT(ParseFile(Area(bytes, 0, 0)),
                RefusedFor("alignment", fmt::format("parameter area size {:#x}", bytes)));
  }
}

TEST(IgvmParameterArea, HasItsContentsInTheData) {
  EXPECT_THAT(ParseFile(Area(4096, 0, kAreaDataStart)), Succeeds());
  for (const auto& [bytes, offset] : std::initializer_list<std::pair<std::uint64_t, std::uint32_t>>{
           {4096, kAreaDataStart - 1},
           {4096, kAreaDataStart + 1},
           {8192, kAreaDataStart},
           {std::uint64_t{1} << 40, kAreaDataStart},
           {0xFFFFFFFFFFFFF000, kAreaDataStart},
           {4096, 0xFFFFFFFF}}) {
    EXPECT_THAT(ParseFile(Area(bytes, 0, offset)),
                RefusedFor("file_data_range", fmt::format("{:#x} bytes at {:#x}", bytes, offset)));
  }
}

TEST(IgvmParameterInsert, KeepsEveryFieldAndTheSizeOfItsArea) {
  const Bytes bytes =
      IgvmBuilder().Snp().Area(8192, 0xFFFFFFFF).Insert(0x123000, 0xFFFFFFFF, 5).Build();
  const auto insert = OnlyDirective<ParameterInsert>(bytes);

  EXPECT_EQ(insert.gpa, 0x123000U);
  EXPECT_EQ(insert.mask, 5U);
  EXPECT_EQ(insert.area_bytes, 8192U);
}

TEST(IgvmParameterInsert, TakesTheAreaOfItsIndex) {
  const Bytes bytes =
      IgvmBuilder().Snp().Area(4096, 1).Area(8192, 2).Insert(0x1000, 2).Insert(0x3000, 1).Build();
  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  EXPECT_EQ(std::get<ParameterInsert>(file->directives[0]).area_bytes, 8192U);
  EXPECT_EQ(std::get<ParameterInsert>(file->directives[1]).area_bytes, 4096U);
}

TEST(IgvmParameterInsert, ErrorNamesTheArea) {
  EXPECT_THAT(ParseFile(IgvmBuilder().Snp().Area(4096, 1).Insert(0, 2).Build()),
              RefusedFor("parameter_area", "parameter area 2 is not declared"));
  EXPECT_THAT(ParseFile(IgvmBuilder().Snp().Area(4096, 1).Insert(0, 1).Insert(0, 1).Build()),
              RefusedFor("parameter_area", "parameter area 1 is inserted twice"));
  EXPECT_THAT(ParseFile(IgvmBuilder().Snp().Area(4096, 1).Insert(0, 1).Area(4096, 1).Build()),
              RefusedFor("parameter_area", "parameter area 1 is declared twice"));
}

TEST(IgvmParameterInsert, StandsAtAPage) {
  for (unsigned bit = 0; bit < 12; ++bit) {
    EXPECT_THAT(ParseFile(IgvmBuilder().Snp().Area(4096, 1).Insert(1U << bit, 1).Build()),
                RefusedFor("alignment", "PARAMETER_INSERT: guest address"))
        << bit;
  }
}

// The headers that say what a loader writes into an area.
constexpr std::uint32_t kParameters[] = {0x307, 0x308, 0x309, 0x30A, 0x30C,
                                         0x30E, 0x30F, 0x310, 0x312, 0x313};

Bytes Parameter(std::uint32_t type, std::uint32_t index, std::uint32_t offset) {
  ByteWriter content;
  content.Le(index).Le(offset);
  return FileWithArea(type, Content(content));
}

TEST(IgvmParameter, OfEveryTypeBeginsInsideItsArea) {
  for (const std::uint32_t type : kParameters) {
    EXPECT_THAT(ParseFile(Parameter(type, 3, 0)), Succeeds()) << type;
    EXPECT_THAT(ParseFile(Parameter(type, 3, 4095)), Succeeds()) << type;
    for (const std::uint32_t offset : {4096U, 0xFFFFFFFFU}) {
      EXPECT_THAT(ParseFile(Parameter(type, 3, offset)),
                  RefusedFor("parameter_area",
                             fmt::format("offset {:#x}, want less than the area's 0x1000", offset)))
          << type;
    }
  }
}

TEST(IgvmParameter, OfEveryTypeNeedsAnOpenArea) {
  for (const std::uint32_t type : kParameters) {
    EXPECT_THAT(ParseFile(Parameter(type, 2, 0)),
                RefusedFor("parameter_area", "parameter area 2, want one that is declared"))
        << type;
    const Bytes inserted = IgvmBuilder()
                               .Snp()
                               .Area(4096, 3)
                               .Insert(0, 3)
                               .Header(type, Bytes{std::byte{3}, {}, {}, {}, {}, {}, {}, {}})
                               .Build();
    EXPECT_THAT(ParseFile(inserted), RefusedFor("parameter_area", "not inserted yet")) << type;
  }
}

TEST(IgvmParameter, IsCountedAndNotKept) {
  const Bytes bytes = Parameter(0x30C, 3, 16);
  const auto file = ParseFile(bytes);

  EXPECT_EQ(file->header_count, 3U);
  EXPECT_TRUE(file->directives.empty());
}

}  // namespace
}  // namespace cocos::attestation::igvm
