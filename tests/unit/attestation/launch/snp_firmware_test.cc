// The SEV metadata of firmware images and every way in which it can be wrong.
#include "attestation/launch/snp_firmware.h"

#include <gtest/gtest.h>

#include "base/byte_reader.h"
#include "support/result_matchers.h"
#include "unit/attestation/launch/firmware_builder.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::FirmwareBuilder;
using cocos::testing::kSevHashTableGuid;
using cocos::testing::kSevMetadataGuid;
using cocos::testing::kSevResetBlockGuid;
using cocos::testing::SevMetadata;
using cocos::testing::SevSection;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr std::uint32_t kMetadataFromEnd = 2048;
constexpr std::uint32_t kApEip = 0x80B004;
const std::vector<SevSection> kSections = {
    {0x800000, 0x9000, 1}, {0x80D000, 0x1000, 2}, {0x80E000, 0x1000, 3}, {0x810000, 0x1000, 0x10}};

FirmwareBuilder Builder(const Bytes& metadata, std::size_t size = 4096) {
  FirmwareBuilder builder(size);
  builder.At(kMetadataFromEnd, metadata).Entry(kSevMetadataGuid, {kMetadataFromEnd});
  return builder;
}

Bytes Image(const std::vector<SevSection>& sections = kSections) {
  return Builder(SevMetadata(sections)).Entry(kSevResetBlockGuid, {kApEip}).Build();
}

Bytes ImageWithMetadata(const Bytes& metadata) {
  return Builder(metadata).Entry(kSevResetBlockGuid, {kApEip}).Build();
}

// `count` sections of one page each.
std::vector<SevSection> Pages(std::uint32_t count) {
  std::vector<SevSection> sections;
  for (std::uint32_t i = 0; i < count; ++i) sections.push_back({0x800000 + i * 0x1000, 0x1000, 1});
  return sections;
}

TEST(SnpFirmwareMetadata, AcceptsNoneToSixtyFourSections) {
  for (const std::uint32_t count : {0U, 1U, 2U, 63U, 64U}) {
    const Bytes image = Image(Pages(count));
    const auto firmware = ParseSnpFirmware(image);
    ASSERT_THAT(firmware, Succeeds()) << count;
    EXPECT_EQ(firmware->sections.size(), count);
  }
  EXPECT_THAT(ParseSnpFirmware(Image(Pages(65))),
              FailsWith(ErrorCode::kMalformed, HasSubstr("65 sections in 796 bytes")));
}

TEST(SnpFirmwareMetadata, KeepsTheOrderAndAllFieldsOfTheTable) {
  const Bytes image = Image();

  const auto firmware = ParseSnpFirmware(image);

  ASSERT_THAT(firmware, Succeeds());
  ASSERT_EQ(firmware->sections.size(), kSections.size());
  for (std::size_t i = 0; i < kSections.size(); ++i) {
    EXPECT_EQ(firmware->sections[i].gpa, kSections[i].gpa);
    EXPECT_EQ(firmware->sections[i].size, kSections[i].size);
    EXPECT_EQ(static_cast<std::uint32_t>(firmware->sections[i].type), kSections[i].type);
  }
}

TEST(SnpFirmwareMetadata, IsASectionOrIsNotThere) {
  const Bytes image = Image();
  const auto firmware = ParseSnpFirmware(image);
  ASSERT_THAT(firmware, Succeeds());

  for (const auto type : {SnpSectionType::kSecMem, SnpSectionType::kSecrets, SnpSectionType::kCpuid,
                          SnpSectionType::kKernelHashes}) {
    EXPECT_TRUE(firmware->HasSection(type));
  }
  EXPECT_FALSE(firmware->HasSection(SnpSectionType::kSvsmCaa));
}

TEST(SnpFirmwareMetadata, AcceptsEveryKnownTypeAndNoOtherSmallOne) {
  for (std::uint32_t type = 0; type < 0x200; ++type) {
    const bool known = (type >= 1 && type <= 4) || type == 0x10;
    const auto parsed = ParseSnpFirmware(Image({{0x800000, 0x1000, type}}));
    EXPECT_EQ(parsed.has_value(), known) << type;
    if (known) continue;
    EXPECT_THAT(parsed, FailsWith(ErrorCode::kMalformed,
                                  HasSubstr(fmt::format("type {:#x}, want 1 to 4", type))));
  }
}

struct HeaderCase {
  const char* what;
  std::size_t word;
  std::uint32_t value;
  const char* message;
};

class SnpFirmwareHeader : public ::testing::TestWithParam<HeaderCase> {};

TEST_P(SnpFirmwareHeader, IsRefusedWhenOneWordIsWrong) {
  Bytes metadata = SevMetadata(kSections);
  ByteWriter value;
  value.Le(GetParam().value);
  std::ranges::copy(value.view(),
                    metadata.begin() + static_cast<std::ptrdiff_t>(4 * GetParam().word));

  EXPECT_THAT(ParseSnpFirmware(ImageWithMetadata(metadata)),
              FailsWith(ErrorCode::kMalformed, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Words, SnpFirmwareHeader,
    ::testing::Values(HeaderCase{"Signature", 0, 0x56455342,
                                 "signature 0x56455342, want 0x56455341"},
                      HeaderCase{"TdxSignature", 0, 0x46564454, "signature 0x46564454"},
                      HeaderCase{"SizeOneLess", 1, 63, "4 sections in 63 bytes"},
                      HeaderCase{"SizeOneMore", 1, 65, "4 sections in 65 bytes"},
                      HeaderCase{"SizeOfSectionsAlone", 1, 48, "4 sections in 48 bytes"},
                      HeaderCase{"VersionZero", 2, 0, "version 0, want 1"},
                      HeaderCase{"VersionTwo", 2, 2, "version 2, want 1"},
                      HeaderCase{"CountOneLess", 3, 3, "3 sections in 64 bytes"},
                      HeaderCase{"CountOneMore", 3, 5, "5 sections in 64 bytes"},
                      // 2^30 / 3 entries of 12 bytes wrap around to few bytes in 32 bits.
                      HeaderCase{"CountThatWraps", 3, 0x55555559, "1431655769 sections"},
                      HeaderCase{"CountOfAllBits", 3, 0xFFFFFFFF, "4294967295 sections"}),
    [](const auto& tested) { return tested.param.what; });

TEST(SnpFirmwareMetadata, IsRefusedWhenTheImageEndsInside) {
  const Bytes metadata = SevMetadata(kSections);
  for (std::uint32_t size = 0; size < metadata.size(); ++size) {
    const Bytes image = FirmwareBuilder()
                            .Entry(kSevMetadataGuid, {size})
                            .Entry(kSevResetBlockGuid, {kApEip})
                            .At(size, std::span(metadata).first(size))
                            .Build();
    EXPECT_THAT(ParseSnpFirmware(image), FailsWith(ErrorCode::kMalformed)) << size;
  }
}

TEST(SnpFirmwareMetadata, WantsWholePages) {
  for (unsigned bit = 0; bit < 12; ++bit) {
    const std::uint32_t odd = 1U << bit;
    EXPECT_THAT(ParseSnpFirmware(Image({{0x800000 | odd, 0x1000, 1}})),
                FailsWith(ErrorCode::kMalformed, HasSubstr("want pages")));
    EXPECT_THAT(ParseSnpFirmware(Image({{0x800000, 0x1000 | odd, 1}})),
                FailsWith(ErrorCode::kMalformed, HasSubstr("want pages")));
  }
  EXPECT_THAT(ParseSnpFirmware(Image({{0x801000, 0x2000, 1}})), Succeeds());
}

TEST(SnpFirmwareMetadata, BoundsTheMemoryOfAllSectionsTogether) {
  constexpr std::uint32_t kMost = 256 << 20;

  EXPECT_THAT(ParseSnpFirmware(Image({{0, kMost - 0x1000, 1}, {0, 0x1000, 2}})), Succeeds());
  EXPECT_THAT(ParseSnpFirmware(Image({{0, kMost, 1}, {0, 0x1000, 2}})),
              FailsWith(ErrorCode::kMalformed, HasSubstr("0x10001000 bytes, want at most")));
  // The sum does not wrap around.
  EXPECT_THAT(ParseSnpFirmware(Image({{0, 0xFFFFF000, 1}, {0, 0x2000, 2}})),
              FailsWith(ErrorCode::kMalformed, HasSubstr("0x100001000 bytes")));
}

TEST(SnpFirmwareImage, IsOneToManyWholePages) {
  for (const std::size_t size : {4096U, 8192U, 3U * 4096U}) {
    const Bytes image =
        Builder(SevMetadata(kSections), size).Entry(kSevResetBlockGuid, {1}).Build();
    const auto firmware = ParseSnpFirmware(image);
    ASSERT_THAT(firmware, Succeeds());
    EXPECT_EQ(firmware->base_gpa(), 0x100000000U - size);
    EXPECT_EQ(firmware->image.size(), size);
  }
  for (const std::size_t size : {4095U, 4097U, 6000U}) {
    const Bytes image =
        Builder(SevMetadata(kSections), size).Entry(kSevResetBlockGuid, {1}).Build();
    EXPECT_THAT(ParseSnpFirmware(image),
                FailsWith(ErrorCode::kMalformed, HasSubstr(fmt::format("{} bytes", size))));
  }
}

TEST(SnpFirmwareImage, IsAtMostSixtyFourMebibytes) {
  constexpr std::size_t kMost = std::size_t{64} << 20;
  const auto image = [](std::size_t size) {
    return Builder(SevMetadata(kSections), size).Entry(kSevResetBlockGuid, {1}).Build();
  };

  EXPECT_THAT(ParseSnpFirmware(image(kMost)), Succeeds());
  EXPECT_THAT(ParseSnpFirmware(image(kMost + 4096)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("at most 67108864")));
}

TEST(SnpFirmwareResetBlock, IsAnAddressOfFourBytes) {
  for (const std::uint32_t eip : {0U, 1U, 0x80B004U, 0xFFFFFFFFU}) {
    const Bytes image = Builder(SevMetadata(kSections)).Entry(kSevResetBlockGuid, {eip}).Build();
    EXPECT_EQ(ParseSnpFirmware(image)->ap_eip, eip);
  }
  for (const std::size_t size : {0U, 3U, 5U, 8U}) {
    const Bytes image =
        Builder(SevMetadata(kSections)).Entry(kSevResetBlockGuid, Bytes(size)).Build();
    EXPECT_THAT(ParseSnpFirmware(image),
                FailsWith(ErrorCode::kMalformed, HasSubstr("SEV-ES reset block")))
        << size;
  }
}

TEST(SnpFirmwareResetBlock, MustBeThere) {
  EXPECT_THAT(ParseSnpFirmware(Builder(SevMetadata(kSections)).Build()),
              FailsWith(ErrorCode::kNotFound, HasSubstr("no reset address")));
}

TEST(SnpFirmwareHashTable, IsOptionalAndHasASize) {
  const auto hash_table = [](std::optional<std::vector<std::uint32_t>> words) {
    FirmwareBuilder builder = Builder(SevMetadata(kSections));
    builder.Entry(kSevResetBlockGuid, {kApEip});
    if (words) builder.Entry(kSevHashTableGuid, *words);
    const Bytes image = builder.Build();
    return ParseSnpFirmware(image)->hash_table_gpa;
  };

  EXPECT_EQ(hash_table(std::nullopt), std::nullopt);
  EXPECT_EQ(hash_table({{0x810C00, 0}}), std::nullopt);
  EXPECT_EQ(hash_table({{0x810C00, 1}}), 0x810C00U);
  EXPECT_EQ(hash_table({{0, 0x400}}), 0U);
}

TEST(SnpFirmwareHashTable, OfAnotherSizeIsRefused) {
  for (const std::size_t size : {0U, 4U, 7U, 9U, 12U}) {
    const Bytes image = Builder(SevMetadata(kSections))
                            .Entry(kSevResetBlockGuid, {kApEip})
                            .Entry(kSevHashTableGuid, Bytes(size))
                            .Build();
    EXPECT_THAT(ParseSnpFirmware(image),
                FailsWith(ErrorCode::kMalformed, HasSubstr("SEV hash table area")))
        << size;
  }
}

// Every value of every byte of the metadata: what is accepted is what a second reader of the words
// accepts, with the same sections.
TEST(SnpFirmwareMetadata, ReadsAnyChangeOfOneByteAsASecondReaderDoes) {
  Bytes metadata = SevMetadata(kSections);
  const auto word = [&](std::size_t index) {
    return ByteReader(std::span<const std::byte>(metadata).subspan(4 * index)).Le<std::uint32_t>();
  };
  const auto acceptable = [&] {
    bool good = word(0) == 0x56455341 && word(1) == metadata.size() && word(2) == 1 &&
                word(3) == kSections.size();
    std::uint64_t total = 0;
    for (std::size_t i = 4; i < metadata.size() / 4; i += 3) {
      const std::uint32_t type = word(i + 2);
      good &= word(i) % 4096 == 0 && word(i + 1) % 4096 == 0 && word(i + 1) != 0;
      good &= (type >= 1 && type <= 4) || type == 16;
      total += word(i + 1);
    }
    return good && total <= (256 << 20);
  };

  for (std::byte& byte : metadata) {
    const std::byte before = byte;
    for (int value = 0; value < 256; ++value) {
      byte = static_cast<std::byte>(value);
      const Bytes image = ImageWithMetadata(metadata);
      const auto firmware = ParseSnpFirmware(image);
      ASSERT_EQ(firmware.has_value(), acceptable()) << &byte - metadata.data() << " " << value;
      if (!firmware) continue;
      for (std::size_t i = 0; i < kSections.size(); ++i) {
        EXPECT_EQ(firmware->sections[i].gpa, word(4 + 3 * i));
        EXPECT_EQ(firmware->sections[i].size, word(5 + 3 * i));
      }
    }
    byte = before;
  }
}

}  // namespace
}  // namespace cocos::attestation::launch
