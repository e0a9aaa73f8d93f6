// Platform and initialization headers, field by field.
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
using cocos::testing::IgvmBuilder;
using cocos::testing::RefusedFor;
using cocos::testing::Succeeds;

// SUPPORTED_PLATFORM as it comes, for a file of this one platform.
struct PlatformFields {
  std::uint32_t mask = 1;
  std::uint8_t vtl = 0;
  std::uint8_t type = 2;
  std::uint16_t version = 1;
  std::uint64_t boundary = 0;
};

Bytes FileOf(const PlatformFields& fields) {
  ByteWriter content;
  content.Le(fields.mask).Le(fields.vtl).Le(fields.type).Le(fields.version).Le(fields.boundary);
  IgvmBuilder builder;
  builder.Header(0x001, content.view());
  return builder.Build();
}

TEST(IgvmPlatform, KeepsEveryField) {
  const Bytes bytes = FileOf({.mask = 0x40, .vtl = 2, .type = 3, .boundary = 0x0102030405060708});
  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  ASSERT_EQ(file->platforms.size(), 1U);
  EXPECT_EQ(file->platforms[0].mask, 0x40U);
  EXPECT_EQ(file->platforms[0].highest_vtl, 2U);
  EXPECT_EQ(file->platforms[0].type, PlatformType::kTdx);
  EXPECT_EQ(file->platforms[0].shared_gpa_boundary, 0x0102030405060708U);
  EXPECT_EQ(file->header_count, 1U);
}

TEST(IgvmPlatform, OfEveryTypeHasAName) {
  constexpr std::string_view kNames[] = {"native", "VSM isolation", "SEV-SNP", "TDX",
                                         "SEV",    "SEV-ES",        "Arm CCA"};
  for (std::uint8_t type = 0; type < std::size(kNames); ++type) {
    const Bytes bytes = FileOf({.type = type});
    const auto file = ParseFile(bytes);
    ASSERT_THAT(file, Succeeds());
    EXPECT_EQ(PlatformName(file->platforms[0].type), kNames[type]);
    EXPECT_EQ(file->FindPlatform(PlatformType{type}), file->platforms.data());
  }
}

TEST(IgvmPlatform, OfAnotherTypeIsRefused) {
  for (unsigned type = 7; type < 256; ++type) {
    EXPECT_THAT(ParseFile(FileOf({.type = static_cast<std::uint8_t>(type)})),
                RefusedFor("platform", fmt::format("platform type {}, want 0 to 6", type)));
  }
}

TEST(IgvmPlatform, MayHaveAnyOneBitOfTheMask) {
  for (unsigned bit = 0; bit < 32; ++bit) {
    const Bytes bytes = FileOf({.mask = 1U << bit});
    const auto file = ParseFile(bytes);
    ASSERT_THAT(file, Succeeds()) << bit;
    EXPECT_EQ(file->platforms[0].mask, 1U << bit);
  }
}

TEST(IgvmPlatform, HasNeitherNoBitNorTwo) {
  EXPECT_THAT(ParseFile(FileOf({.mask = 0})),
              RefusedFor("platform", "compatibility mask 0x0, want exactly one bit"));
  for (unsigned bit = 1; bit < 32; ++bit) {
    EXPECT_THAT(ParseFile(FileOf({.mask = 1U | 1U << bit})),
                RefusedFor("platform", "want exactly one bit"))
        << bit;
  }
  EXPECT_THAT(ParseFile(FileOf({.mask = 0xFFFFFFFF})), RefusedFor("platform", "0xffffffff"));
}

TEST(IgvmPlatform, HasTrustLevelZeroOrTwo) {
  for (unsigned vtl = 0; vtl < 256; ++vtl) {
    const Bytes bytes = FileOf({.vtl = static_cast<std::uint8_t>(vtl)});
    if (vtl == 0 || vtl == 2) {
      EXPECT_THAT(ParseFile(bytes), Succeeds()) << vtl;
    } else {
      EXPECT_THAT(ParseFile(bytes),
                  RefusedFor("platform", fmt::format("highest VTL {}, want 0 or 2", vtl)));
    }
  }
}

TEST(IgvmPlatform, HasVersionOne) {
  for (const auto version : std::initializer_list<std::uint16_t>{0, 2, 0x101, 0xFFFF}) {
    EXPECT_THAT(ParseFile(FileOf({.version = version})),
                RefusedFor("platform", fmt::format("platform version {}, want 1", version)));
  }
}

TEST(IgvmPlatform, IsFoundByItsTypeAlone) {
  const Bytes bytes = IgvmBuilder().Tdx(4).Platform(8, 0).Platform(1, 2).Build();
  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  EXPECT_EQ(file->FindPlatform(PlatformType::kTdx)->mask, 4U);
  EXPECT_EQ(file->FindPlatform(PlatformType::kNative)->mask, 8U);
  EXPECT_EQ(file->FindPlatform(PlatformType::kSevSnp)->mask, 1U);
  EXPECT_EQ(file->FindPlatform(PlatformType::kSev), nullptr);
  EXPECT_EQ(file->FindPlatform(PlatformType::kArmCca), nullptr);
}

TEST(IgvmPlatform, ErrorNamesBothThatClash) {
  EXPECT_THAT(ParseFile(IgvmBuilder().Platform(1, 2).Platform(1, 3).Build()),
              RefusedFor("platform", "TDX with mask 0x1 is declared beside SEV-SNP with mask 0x1"));
  EXPECT_THAT(ParseFile(IgvmBuilder().Platform(1, 2).Platform(2, 2).Build()),
              RefusedFor("platform", "SEV-SNP with mask 0x2 is declared beside SEV-SNP"));
}

TEST(IgvmPlatform, OfAllSevenTypesFitOneFile) {
  IgvmBuilder builder;
  for (std::uint8_t type = 0; type < 7; ++type) builder.Platform(1U << type, type);
  const Bytes bytes = builder.Build();

  EXPECT_EQ(ParseFile(bytes)->platforms.size(), 7U);
}

TEST(IgvmPolicy, KeepsEveryField) {
  const Bytes bytes = IgvmBuilder().Snp().Policy(0xF1F2F3F4F5F6F7F8, 0x80000001).Build();
  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  ASSERT_EQ(file->policies.size(), 1U);
  EXPECT_EQ(file->policies[0].policy, 0xF1F2F3F4F5F6F7F8U);
  EXPECT_EQ(file->policies[0].mask, 0x80000001U);
}

TEST(IgvmPolicy, OfSeveralPlatformsCountsForEach) {
  const Bytes bytes = IgvmBuilder().Snp().Tdx().Policy(7, 3).Build();
  const auto file = ParseFile(bytes);

  EXPECT_EQ(file->PolicyFor(1), 7U);
  EXPECT_EQ(file->PolicyFor(2), 7U);
  EXPECT_EQ(file->PolicyFor(3), 7U);
  EXPECT_EQ(file->PolicyFor(4), std::nullopt);
  EXPECT_EQ(file->PolicyFor(0), std::nullopt);
}

TEST(IgvmPolicy, IsNotThereWithoutAHeader) {
  const Bytes bytes = IgvmBuilder().Snp().Build();
  EXPECT_EQ(ParseFile(bytes)->PolicyFor(1), std::nullopt);
}

TEST(IgvmPolicy, HasNoReservedBit) {
  for (unsigned bit = 0; bit < 32; ++bit) {
    EXPECT_THAT(ParseFile(IgvmBuilder().Snp().Policy(1, 1, 1U << bit).Build()),
                RefusedFor("reserved", fmt::format("reserved field {:#x}, want 0", 1U << bit)));
  }
}

// RELOCATABLE_REGION: mask, VP, VTL, flags, then five addresses.
Bytes Region(std::uint64_t alignment, std::uint64_t gpa, std::uint64_t size) {
  ByteWriter content;
  content.Le(std::uint32_t{1}).Le(std::uint16_t{2}).Le(std::uint8_t{3}).Le(std::uint8_t{1});
  content.Le(alignment).Le(gpa).Le(size).Le(std::uint64_t{0}).Le(std::uint64_t{0xFFFFFFFF});
  return FileWith(0x102, Content(content));
}

TEST(IgvmRelocatableRegion, IsWholePages) {
  EXPECT_THAT(ParseFile(Region(0x1000, 0x2000, 0x3000)), Succeeds());
  for (const auto off : std::initializer_list<std::uint64_t>{1, 0x800, 0xFFF}) {
    EXPECT_THAT(
        ParseFile(Region(0x1000 + off, 0x2000, 0x3000)),
        RefusedFor("alignment", fmt::format("RELOCATABLE_REGION: alignment {:#x}", 0x1000 + off)));
    EXPECT_THAT(ParseFile(Region(0x1000, 0x2000 + off, 0x3000)),
                RefusedFor("alignment", fmt::format("guest address {:#x}", 0x2000 + off)));
    EXPECT_THAT(ParseFile(Region(0x1000, 0x2000, 0x3000 + off)),
                RefusedFor("alignment", fmt::format("size {:#x}, want", 0x3000 + off)));
  }
}

// It moves what is loaded, which a measurement at fixed addresses does not see: only checked.
TEST(IgvmRelocatableRegion, IsCountedAndNotKept) {
  const Bytes bytes = Region(0x1000, 0x2000, 0x3000);
  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  EXPECT_EQ(file->header_count, 2U);
  EXPECT_TRUE(file->directives.empty());
}

struct Relocation {
  std::uint8_t reserved = 0;
  std::uint64_t gpa = 0x1000;
  std::uint64_t size = 0x3000;
  std::uint64_t used = 0x2000;
};

Bytes FileOf(const Relocation& fields) {
  ByteWriter content;
  content.Le(std::uint32_t{1}).Le(std::uint16_t{0}).Le(std::uint8_t{0}).Le(fields.reserved);
  content.Le(fields.gpa).Le(fields.size).Le(fields.used);
  return FileWith(0x103, Content(content));
}

TEST(IgvmPageTableRelocation, IsWholePages) {
  EXPECT_THAT(ParseFile(FileOf(Relocation{})), Succeeds());
  EXPECT_THAT(ParseFile(FileOf(Relocation{.gpa = 0x1001})),
              RefusedFor("alignment", "PAGE_TABLE_RELOCATION: guest address 0x1001"));
  EXPECT_THAT(ParseFile(FileOf(Relocation{.size = 0x3008})),
              RefusedFor("alignment", "PAGE_TABLE_RELOCATION: size 0x3008"));
  EXPECT_THAT(ParseFile(FileOf(Relocation{.used = 0x2800})),
              RefusedFor("alignment", "PAGE_TABLE_RELOCATION: used size 0x2800"));
}

TEST(IgvmPageTableRelocation, UsesFromNothingToAllOfItsSize) {
  EXPECT_THAT(ParseFile(FileOf(Relocation{.used = 0})), Succeeds());
  EXPECT_THAT(ParseFile(FileOf(Relocation{.used = 0x3000})), Succeeds());
  EXPECT_THAT(ParseFile(FileOf(Relocation{.used = 0x4000})),
              RefusedFor("alignment", "used size 0x4000, want at most the size 0x3000"));
}

TEST(IgvmPageTableRelocation, HasNoReservedBit) {
  for (unsigned bit = 0; bit < 8; ++bit) {
    EXPECT_THAT(ParseFile(FileOf(Relocation{.reserved = static_cast<std::uint8_t>(1U << bit)})),
                RefusedFor("reserved", "reserved field"))
        << bit;
  }
}

// CORIM_DOCUMENT and CORIM_SIGNATURE: mask, offset, size, 0. The page of data begins behind two
// headers of 24 bytes.
constexpr std::uint32_t kDocumentData = 24 + 24 + 24;

Bytes Document(std::uint32_t type, std::uint32_t offset, std::uint32_t size,
               std::uint32_t reserved = 0) {
  ByteWriter content;
  content.Le(std::uint32_t{1}).Le(offset).Le(size).Le(reserved);
  return FileWith(type, Content(content));
}

TEST(IgvmDocument, LiesInTheDataWithBothEnds) {
  for (const std::uint32_t type : {0x104U, 0x105U}) {
    EXPECT_THAT(ParseFile(Document(type, kDocumentData, 4096)), Succeeds());
    EXPECT_THAT(ParseFile(Document(type, kDocumentData + 4095, 1)), Succeeds());
    EXPECT_THAT(ParseFile(Document(type, kDocumentData + 4096, 0)), Succeeds());
    for (const auto& [offset, size] :
         std::initializer_list<std::pair<std::uint32_t, std::uint32_t>>{{kDocumentData - 1, 1},
                                                                        {0, 1},
                                                                        {kDocumentData, 4097},
                                                                        {kDocumentData + 1, 4096},
                                                                        {kDocumentData + 4096, 1},
                                                                        {kDocumentData + 4097, 0},
                                                                        {kDocumentData, 0xFFFFFFFF},
                                                                        {0xFFFFFFFF, 0xFFFFFFFF}}) {
      EXPECT_THAT(
          ParseFile(Document(type, offset, size)),
          RefusedFor("file_data_range",
                     fmt::format("{:#x} bytes at {:#x}, want a part of the data", size, offset)));
    }
  }
}

TEST(IgvmDocument, HasNoReservedBit) {
  EXPECT_THAT(ParseFile(Document(0x104, kDocumentData, 1, 1)),
              RefusedFor("reserved", "CORIM_DOCUMENT: reserved field 0x1"));
  EXPECT_THAT(ParseFile(Document(0x105, kDocumentData, 1, 0x80000000)),
              RefusedFor("reserved", "CORIM_SIGNATURE: reserved field 0x80000000"));
}

}  // namespace
}  // namespace cocos::attestation::igvm
