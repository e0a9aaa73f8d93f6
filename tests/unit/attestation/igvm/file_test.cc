#include "attestation/igvm/file.h"

#include <gtest/gtest.h>

#include "attestation/igvm/crc32.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"
#include "unit/attestation/launch/igvm_builder.h"

namespace cocos::attestation::igvm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::IgvmBuilder;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

// The reason a file is refused for, or "ok".
std::string ReasonOf(const Bytes& bytes) {
  const auto file = ParseFile(bytes);
  return file ? "ok" : file.error().reason();
}
std::string ReasonOf(IgvmBuilder builder) { return ReasonOf(builder.Build()); }

// A file with one header more behind an SEV-SNP platform.
std::string ReasonOfHeader(std::uint32_t type, const ByteWriter& content) {
  IgvmBuilder builder;
  builder.Snp().Header(type, content.view());
  return ReasonOf(builder);
}

TEST(Crc32, HasTheCheckValueOfItsDefinition) {
  Crc32 crc;

  crc.Update(crypto::BytesOf("1234"));
  crc.Update(crypto::BytesOf("56789"));

  EXPECT_EQ(crc.value(), 0xCBF43926);
}

TEST(Crc32, OfNothingIsZero) { EXPECT_EQ(Crc32().value(), 0U); }

TEST(IgvmFile, KeepsWhatLoadsMemoryInTheOrderOfTheFile) {
  const Bytes bytes = IgvmBuilder()
                          .Snp()
                          .Policy(0x30000, 1)
                          .Area(8192, 7)
                          .Page(0x1000, 1)
                          .Insert(0x2000, 7)
                          .Vp(0xFFFFFFFFF000, 2)
                          .Data(0x11)
                          .Data(0x22)
                          .Build();

  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  EXPECT_EQ(file->format_version, 1U);
  EXPECT_EQ(file->header_count, 6U);
  EXPECT_EQ(file->PolicyFor(1), 0x30000U);
  ASSERT_EQ(file->directives.size(), 3U);
  const auto& page = std::get<PageData>(file->directives[0]);
  EXPECT_EQ(page.gpa, 0x1000U);
  EXPECT_EQ(page.data.size(), kPageSize);
  EXPECT_EQ(page.data.front(), std::byte{0x11});
  EXPECT_EQ(std::get<ParameterInsert>(file->directives[1]).area_bytes, 8192U);
  const auto& context = std::get<VpContext>(file->directives[2]);
  EXPECT_EQ(context.platform, PlatformType::kSevSnp);
  EXPECT_EQ(context.data.front(), std::byte{0x22});
}

TEST(IgvmFile, ViewsTheBytesItWasParsedFrom) {
  const Bytes bytes = IgvmBuilder().Snp().Page(0x1000, 1).Data(1).Build();

  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  const auto& page = std::get<PageData>(file->directives[0]);
  EXPECT_EQ(page.data.data(), bytes.data() + bytes.size() - kPageSize);
}

TEST(IgvmFile, OfVersionTwoParses) {
  const Bytes bytes = IgvmBuilder(2).Snp().Page(0x1000, 1).Data(1).Build();

  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  EXPECT_EQ(file->format_version, 2U);
}

TEST(IgvmFile, OfVersionThreeIsRefused) {
  EXPECT_EQ(ReasonOf(IgvmBuilder(3).Snp()), "fixed_header");
}

TEST(IgvmFile, OfAnotherArchitectureOrPageSizeIsRefused) {
  for (const std::size_t at : {24, 28}) {
    Bytes bytes = IgvmBuilder(2).Snp().Build();
    bytes[at] ^= std::byte{1};
    EXPECT_EQ(ReasonOf(bytes), "fixed_header") << at;
  }
}

TEST(IgvmFile, CutOffAnywhereIsRefused) {
  const Bytes bytes = IgvmBuilder().Snp().Page(0x1000, 1).Data(1).Build();

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ReasonOf(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))),
              "fixed_header");
  }
}

TEST(IgvmFile, WithBytesBehindItIsRefused) {
  Bytes bytes = IgvmBuilder().Snp().Build();
  bytes.push_back(std::byte{0});

  EXPECT_EQ(ReasonOf(bytes), "fixed_header");
}

TEST(IgvmFile, WithAChangedHeaderByteIsRefused) {
  Bytes bytes = IgvmBuilder().Snp().Page(0x1000).Build();

  for (std::size_t at = 0; at < bytes.size() - kPageSize; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes[at] ^= static_cast<std::byte>(1 << bit);
      EXPECT_NE(ReasonOf(bytes), "ok") << at;
      bytes[at] ^= static_cast<std::byte>(1 << bit);
    }
  }
}

TEST(IgvmFile, WhoseHeadersOverflowThirtyTwoBitsIsRefused) {
  Bytes bytes = IgvmBuilder().Snp().Build();
  IgvmBuilder::Put(bytes, 12, 0xFFFFFFF8);

  EXPECT_EQ(ReasonOf(bytes), "fixed_header");
}

TEST(IgvmFile, WithUnalignedHeadersIsRefused) {
  Bytes bytes = IgvmBuilder().Snp().Build();
  IgvmBuilder::Put(bytes, 8, 28);

  EXPECT_EQ(ReasonOf(bytes), "fixed_header");
}

TEST(IgvmFile, ErrorNamesHeaderTypeAndValue) {
  const Bytes bytes = IgvmBuilder().Snp().Page(0x1234).Build();

  EXPECT_THAT(ParseFile(bytes),
              FailsWith(ErrorCode::kMalformed,
                        HasSubstr("IGVM file: header 1: PAGE_DATA: guest address 0x1234")));
}

TEST(IgvmFile, LargerThanAllowedIsRefused) {
  const Bytes bytes = IgvmBuilder().Snp().Build();

  EXPECT_THAT(ParseFile(bytes, {.max_file_bytes = bytes.size()}), Succeeds());
  EXPECT_THAT(ParseFile(bytes, {.max_file_bytes = bytes.size() - 1}),
              FailsWith(ErrorCode::kResourceExhausted));
}

TEST(IgvmFile, WithMoreHeadersThanAllowedIsRefused) {
  const Bytes bytes = IgvmBuilder().Snp().Page(0x1000).Page(0x2000).Build();

  EXPECT_THAT(ParseFile(bytes, {.max_headers = 3}), Succeeds());
  EXPECT_THAT(ParseFile(bytes, {.max_headers = 2}), FailsWith(ErrorCode::kResourceExhausted));
}

TEST(IgvmHeader, OfUnknownTypeIsRefused) {
  ByteWriter content;
  content.Zeros(8);

  EXPECT_EQ(ReasonOfHeader(0x3F0, content), "header_length_or_type");
  EXPECT_EQ(ReasonOfHeader(0x306, content), "header_length_or_type");
  EXPECT_EQ(ReasonOfHeader(0x800003F0, content), "optional_header_skippable");
}

TEST(IgvmHeader, OfAKnownTypeThatClaimsToBeOptionalIsRefused) {
  ByteWriter content;
  content.Zeros(24);

  EXPECT_EQ(ReasonOfHeader(0x80000302, content), "optional_header_skippable");
}

TEST(IgvmHeader, WithAnotherLengthIsRefused) {
  for (const std::size_t size : {0, 16, 23, 25, 32}) {
    ByteWriter content;
    content.Zeros(size);
    EXPECT_EQ(ReasonOfHeader(0x302, content), "header_length_or_type") << size;
  }
}

TEST(IgvmHeader, WithPaddingThatIsNotZeroIsRefused) {
  IgvmBuilder builder;
  Bytes bytes = builder.Snp().Vp(0x1000, 1).Build();
  const std::size_t headers = bytes.size() - kPageSize - 24;
  ASSERT_EQ(ReasonOf(bytes), "ok");

  bytes[24 + headers - 1] = std::byte{1};
  IgvmBuilder::WriteChecksum(bytes, 24, headers);

  EXPECT_EQ(ReasonOf(bytes), "reserved");
}

TEST(IgvmHeader, OfAnEarlierSectionIsRefused) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Policy(0, 1).Tdx()), "section_order");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Page(0).Policy(0, 1)), "section_order");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Tdx().Policy(0, 1).Page(0)), "ok");
}

TEST(IgvmPlatform, MustBeThere) { EXPECT_EQ(ReasonOf(IgvmBuilder().Policy(0, 1)), "platform"); }

TEST(IgvmPlatform, HasExactlyOneMaskBit) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Platform(0, 2)), "platform");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Platform(3, 2)), "platform");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Platform(0x80000000, 2)), "ok");
}

TEST(IgvmPlatform, IsDeclaredOnce) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Platform(1, 2).Platform(2, 2)), "platform");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Platform(1, 2).Platform(1, 3)), "platform");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Platform(1, 2).Platform(2, 3)), "ok");
}

TEST(IgvmPlatform, OfUnknownTypeVersionOrLevelIsRefused) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Platform(1, 6)), "ok");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Platform(1, 7)), "platform");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Platform(1, 2, 2)), "ok");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Platform(1, 2, 1)), "platform");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Platform(1, 2, 0, 2)), "platform");
}

TEST(IgvmPolicy, LastOneForAPlatformCounts) {
  const Bytes bytes =
      IgvmBuilder().Snp().Tdx().Policy(1, 1).Policy(2, 2).Policy(3, 1).Page(0).Build();

  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  EXPECT_EQ(file->PolicyFor(1), 3U);
  EXPECT_EQ(file->PolicyFor(2), 2U);
  EXPECT_EQ(file->PolicyFor(4), std::nullopt);
}

TEST(IgvmPolicy, WithReservedBitsIsRefused) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Policy(0, 1, 1)), "reserved");
}

TEST(IgvmPageData, WithUnknownFlagsOrTypeIsRefused) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Page(0, 0, 0x6, 3)), "ok");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Page(0, 0, 0x8)), "reserved");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Page(0, 0, 0, 4)), "page_data_type");
}

TEST(IgvmPageData, OutsideOfTheDataIsRefused) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Page(0, 2).Data(1).Data(2)), "ok");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Page(0, 3).Data(1).Data(2)), "file_data_range");
}

TEST(IgvmPageData, InsideTheHeadersIsRefused) {
  ByteWriter content;
  content.Le(std::uint64_t{0}).Le(std::uint32_t{1}).Le(std::uint32_t{24}).Zeros(8);

  EXPECT_EQ(ReasonOfHeader(0x302, content), "file_data_range");
}

TEST(IgvmPageData, OfTwoMebibytesIsAlignedAndWithoutData) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Page(0x200000, 0, 1)), "ok");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Page(0x201000, 0, 1)), "alignment");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Page(0x200000, 1, 1).Data(1)), "unsupported_2mb_data");
}

TEST(IgvmParameterArea, IsDeclaredOnceAndInsertedOnce) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Area(4096, 0).Insert(0, 0)), "ok");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Area(4096, 0).Area(4096, 0)), "parameter_area");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Insert(0, 0)), "parameter_area");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Area(4096, 0).Insert(0, 0).Insert(0x1000, 0)),
            "parameter_area");
}

TEST(IgvmParameterArea, IsWholePages) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Area(4095, 0)), "alignment");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Area(0, 0)), "alignment");
}

TEST(IgvmParameter, GoesIntoADeclaredAreaThatIsNotYetInserted) {
  const auto parameter = [](std::uint32_t index, std::uint32_t offset) {
    ByteWriter content;
    content.Le(index).Le(offset);
    return std::move(content).Take();
  };

  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Area(4096, 3).Header(0x307, parameter(3, 4095))), "ok");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Area(4096, 3).Header(0x307, parameter(3, 4096))),
            "parameter_area");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Area(4096, 3).Header(0x307, parameter(4, 0))),
            "parameter_area");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Area(4096, 3).Insert(0, 3).Header(0x307, parameter(3, 0))),
            "parameter_area");
}

TEST(IgvmVpContext, NamesOneDeclaredPlatform) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Vp(0x1000, 1)), "ok");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Vp(0x1000, 1, 2)), "platform");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Tdx().Vp(0x1000, 1, 3)), "platform");
}

TEST(IgvmVpContext, IsNotThereForTdx) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Tdx().Vp(0x1000, 1, 2)), "platform");
}

TEST(IgvmVpContext, NeedsItsPage) {
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Vp(0x1000, 0)), "file_data_range");
  EXPECT_EQ(ReasonOf(IgvmBuilder().Snp().Vp(0x1000, 2)), "file_data_range");
}

ByteWriter IdBlockContent(std::uint8_t author_enabled, std::uint8_t reserved) {
  ByteWriter content;
  content.Le(std::uint32_t{1}).Le(author_enabled).Le(reserved).Zeros(690);
  return content;
}

TEST(IgvmIdBlock, IsKept) {
  IgvmBuilder builder;
  builder.Snp().Header(0x30B, IdBlockContent(1, 0).view());
  const Bytes bytes = builder.Build();

  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  ASSERT_EQ(file->id_blocks.size(), 1U);
  EXPECT_TRUE(file->id_blocks[0].author_key_enabled);
}

TEST(IgvmIdBlock, WithReservedBytesIsRefused) {
  EXPECT_EQ(ReasonOfHeader(0x30B, IdBlockContent(1, 0)), "ok");
  EXPECT_EQ(ReasonOfHeader(0x30B, IdBlockContent(2, 0)), "reserved");
  EXPECT_EQ(ReasonOfHeader(0x30B, IdBlockContent(1, 1)), "reserved");
}

TEST(IgvmRequiredMemory, IsPagesWithoutUnknownFlags) {
  const auto required = [](std::uint64_t gpa, std::uint32_t size, std::uint32_t flags,
                           std::uint32_t reserved) {
    ByteWriter content;
    content.Le(gpa).Le(std::uint32_t{1}).Le(size).Le(flags).Le(reserved);
    return content;
  };

  EXPECT_EQ(ReasonOfHeader(0x305, required(0x1000, 0x2000, 1, 0)), "ok");
  EXPECT_EQ(ReasonOfHeader(0x305, required(0x1001, 0x2000, 1, 0)), "alignment");
  EXPECT_EQ(ReasonOfHeader(0x305, required(0x1000, 0x2001, 1, 0)), "alignment");
  EXPECT_EQ(ReasonOfHeader(0x305, required(0x1000, 0x2000, 2, 0)), "reserved");
  EXPECT_EQ(ReasonOfHeader(0x305, required(0x1000, 0x2000, 0, 1)), "reserved");
}

TEST(IgvmPageTableRelocation, UsesNoMoreThanItsSize) {
  const auto relocation = [](std::uint64_t size, std::uint64_t used) {
    ByteWriter content;
    content.Zeros(8).Le(std::uint64_t{0x1000}).Le(size).Le(used);
    return content;
  };

  EXPECT_EQ(ReasonOfHeader(0x103, relocation(0x2000, 0x2000)), "ok");
  EXPECT_EQ(ReasonOfHeader(0x103, relocation(0x2000, 0x3000)), "alignment");
  EXPECT_EQ(ReasonOfHeader(0x103, relocation(0x2001, 0x1000)), "alignment");
}

TEST(IgvmDocument, LiesInTheData) {
  const auto document = [](std::uint32_t offset, std::uint32_t size) {
    ByteWriter content;
    content.Le(std::uint32_t{1}).Le(offset).Le(size).Le(std::uint32_t{0});
    return content;
  };
  // The data begins behind two headers of 24 bytes.
  EXPECT_EQ(ReasonOfHeader(0x104, document(72, 4096)), "ok");
  EXPECT_EQ(ReasonOfHeader(0x104, document(72, 4097)), "file_data_range");
  EXPECT_EQ(ReasonOfHeader(0x105, document(71, 1)), "file_data_range");
}

}  // namespace
}  // namespace cocos::attestation::igvm
