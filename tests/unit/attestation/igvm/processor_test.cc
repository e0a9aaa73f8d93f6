// Processor state, ID blocks, required memory and error ranges, field by field.
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
using cocos::testing::kHeaderOffset;
using cocos::testing::RefusedFor;
using cocos::testing::Succeeds;

// VP_CONTEXT of 20 bytes and 4 of padding behind one platform.
constexpr std::uint32_t kContextData = 24 + 24 + 8 + 24;

struct ContextFields {
  std::uint64_t gpa = 0xFFFFFFFFF000;
  std::uint32_t mask = 1;
  std::uint32_t offset = kContextData;
  std::uint16_t index = 0;
  std::uint16_t reserved = 0;
};

Bytes FileOf(const ContextFields& fields, std::uint8_t platform = 2) {
  ByteWriter content;
  content.Le(fields.gpa).Le(fields.mask).Le(fields.offset).Le(fields.index).Le(fields.reserved);
  IgvmBuilder builder;
  builder.Platform(1, platform).Header(0x304, content.view());
  return builder.Build();
}

TEST(IgvmVpContext, KeepsEveryField) {
  const Bytes bytes = FileOf({.gpa = 0xF123456789000, .index = 0xABCD});
  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  const auto& context = std::get<VpContext>(file->directives.at(0));
  EXPECT_EQ(context.gpa, 0xF123456789000U);
  EXPECT_EQ(context.mask, 1U);
  EXPECT_EQ(context.vp_index, 0xABCDU);
  EXPECT_EQ(context.platform, PlatformType::kSevSnp);
  EXPECT_EQ(context.data.data(), bytes.data() + kContextData);
  EXPECT_EQ(context.data.size(), 4096U);
}

TEST(IgvmVpContext, IsAPageForPlatformsWithAVmsa) {
  for (const auto platform : std::initializer_list<std::uint8_t>{0, 2, 4, 5}) {
    const Bytes bytes = FileOf({}, platform);
    const auto file = ParseFile(bytes);
    ASSERT_THAT(file, Succeeds()) << int{platform};
    const auto& context = std::get<VpContext>(file->directives.at(0));
    EXPECT_EQ(context.platform, PlatformType{platform});
    EXPECT_EQ(context.data.size(), 4096U);
    EXPECT_THAT(ParseFile(FileOf({.offset = kContextData + 1}, platform)),
                RefusedFor("file_data_range", "0x1000 bytes at 0x51"))
        << int{platform};
  }
}

TEST(IgvmVpContext, HasNoKnownFormForOtherPlatforms) {
  for (const auto platform : std::initializer_list<std::uint8_t>{1, 6}) {
    const Bytes bytes = FileOf({.offset = kContextData + 4096}, platform);
    const auto file = ParseFile(bytes);
    ASSERT_THAT(file, Succeeds()) << int{platform};
    EXPECT_TRUE(std::get<VpContext>(file->directives.at(0)).data.empty());
    EXPECT_THAT(ParseFile(FileOf({.offset = kContextData + 4097}, platform)),
                RefusedFor("file_data_range", "0x0 bytes at"))
        << int{platform};
  }
}

TEST(IgvmVpContext, IsRefusedForTdx) {
  EXPECT_THAT(ParseFile(FileOf({}, 3)),
              RefusedFor("platform", "a TDX platform has no processor state of its own"));
}

TEST(IgvmVpContext, NamesExactlyOnePlatformByItsMask) {
  for (const std::uint32_t mask : {0U, 2U, 3U, 0x80000001U, 0xFFFFFFFFU}) {
    EXPECT_THAT(ParseFile(FileOf({.mask = mask})),
                RefusedFor("platform", fmt::format("compatibility mask {:#x}, want that of one "
                                                   "declared platform",
                                                   mask)));
  }
}

TEST(IgvmVpContext, StandsAtAPage) {
  for (unsigned bit = 0; bit < 12; ++bit) {
    EXPECT_THAT(ParseFile(FileOf({.gpa = 1U << bit})),
                RefusedFor("alignment", "VP_CONTEXT: guest address"))
        << bit;
  }
}

TEST(IgvmVpContext, HasNoReservedBit) {
  for (unsigned bit = 0; bit < 16; ++bit) {
    EXPECT_THAT(ParseFile(FileOf({.reserved = static_cast<std::uint16_t>(1U << bit)})),
                RefusedFor("reserved", "VP_CONTEXT: reserved field"))
        << bit;
  }
}

// SNP_ID_BLOCK with another value in every byte that may have one.
constexpr std::size_t kIdBlockSize = 696;

Bytes IdBlock() {
  Bytes content(kIdBlockSize);
  for (std::size_t i = 0; i < kIdBlockSize; ++i) content[i] = static_cast<std::byte>(i % 251 + 1);
  content[4] = std::byte{1};
  for (const std::size_t zero : {5, 6, 7, 252, 253, 254, 255, 548, 549, 550, 551}) {
    content[zero] = std::byte{0};
  }
  return content;
}

std::uint32_t Word(const Bytes& bytes, std::size_t offset) {
  return ByteReader(std::span(bytes).subspan(offset)).Le<std::uint32_t>();
}

// Whether an array of a block is what the content has at this offset.
template <std::size_t Size>
void ExpectAt(const std::array<std::byte, Size>& field, const Bytes& content, std::size_t offset) {
  const auto begin = content.begin() + static_cast<std::ptrdiff_t>(offset);
  EXPECT_EQ(Bytes(field.begin(), field.end()), Bytes(begin, begin + Size)) << offset;
}

TEST(IgvmIdBlock, HasEveryFieldWhereTheSpecificationHasIt) {
  const Bytes content = IdBlock();
  const Bytes bytes = FileWith(0x30B, content);
  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  ASSERT_EQ(file->id_blocks.size(), 1U);
  const SnpIdBlock& block = file->id_blocks[0];
  EXPECT_EQ(block.mask, Word(content, 0));
  EXPECT_TRUE(block.author_key_enabled);
  ExpectAt(block.launch_digest, content, 8);
  ExpectAt(block.family_id, content, 56);
  ExpectAt(block.image_id, content, 72);
  EXPECT_EQ(block.version, Word(content, 88));
  EXPECT_EQ(block.guest_svn, Word(content, 92));
  EXPECT_EQ(block.id_key_algorithm, Word(content, 96));
  EXPECT_EQ(block.author_key_algorithm, Word(content, 100));
  ExpectAt(block.id_key_signature.r, content, 104);
  ExpectAt(block.id_key_signature.s, content, 176);
  EXPECT_EQ(block.id_key.curve, Word(content, 248));
  ExpectAt(block.id_key.x, content, 256);
  ExpectAt(block.id_key.y, content, 328);
  ExpectAt(block.author_key_signature.r, content, 400);
  ExpectAt(block.author_key_signature.s, content, 472);
  EXPECT_EQ(block.author_key.curve, Word(content, 544));
  ExpectAt(block.author_key.x, content, 552);
  ExpectAt(block.author_key.y, content, 624);
}

TEST(IgvmIdBlock, HasNoReservedByte) {
  struct Reserved {
    std::size_t offset;
    std::string_view message;
  };
  for (const auto& [offset, message] :
       {Reserved{5, "behind author key enabled"}, Reserved{6, "behind author key enabled"},
        Reserved{7, "behind author key enabled"}, Reserved{252, "reserved field of a key 0x1"},
        Reserved{255, "reserved field of a key 0x1000000"},
        Reserved{548, "reserved field of a key 0x1"},
        Reserved{551, "reserved field of a key 0x1000000"}}) {
    Bytes content = IdBlock();
    content[offset] = std::byte{1};
    EXPECT_THAT(ParseFile(FileWith(0x30B, content)), RefusedFor("reserved", message)) << offset;
  }
}

TEST(IgvmIdBlock, EnablesTheAuthorKeyWithZeroOrOne) {
  for (unsigned value = 0; value < 256; ++value) {
    Bytes content = IdBlock();
    content[4] = static_cast<std::byte>(value);
    const Bytes bytes = FileWith(0x30B, content);
    if (value < 2) {
      EXPECT_EQ(ParseFile(bytes)->id_blocks.at(0).author_key_enabled, value == 1);
    } else {
      EXPECT_THAT(ParseFile(bytes),
                  RefusedFor("reserved", fmt::format("author key enabled {}, want 0 or 1", value)));
    }
  }
}

// The key of a block that is in the file several times is for who measures to choose.
TEST(IgvmIdBlock, IsKeptAsOftenAsItComes) {
  const Bytes bytes =
      IgvmBuilder().Snp().Header(0x30B, IdBlock()).Page(0).Header(0x30B, IdBlock()).Build();
  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  EXPECT_EQ(file->id_blocks.size(), 2U);
  EXPECT_EQ(file->directives.size(), 1U);
}

// Every byte of a block that may have any value reaches the caller.
TEST(IgvmIdBlock, HasNoByteWithoutMeaning) {
  const Bytes content = IdBlock();
  const Bytes original = FileWith(0x30B, content);
  const auto equal = [](const SnpIdBlock& a, const SnpIdBlock& b) {
    return a.mask == b.mask && a.author_key_enabled == b.author_key_enabled &&
           a.launch_digest == b.launch_digest && a.family_id == b.family_id &&
           a.image_id == b.image_id && a.version == b.version && a.guest_svn == b.guest_svn &&
           a.id_key_algorithm == b.id_key_algorithm &&
           a.author_key_algorithm == b.author_key_algorithm &&
           a.id_key_signature.r == b.id_key_signature.r &&
           a.id_key_signature.s == b.id_key_signature.s && a.id_key.curve == b.id_key.curve &&
           a.id_key.x == b.id_key.x && a.id_key.y == b.id_key.y &&
           a.author_key_signature.r == b.author_key_signature.r &&
           a.author_key_signature.s == b.author_key_signature.s &&
           a.author_key.curve == b.author_key.curve && a.author_key.x == b.author_key.x &&
           a.author_key.y == b.author_key.y;
  };
  const SnpIdBlock before = ParseFile(original)->id_blocks.at(0);
  for (std::size_t i = 0; i < kIdBlockSize; ++i) {
    Bytes changed = content;
    changed[i] ^= std::byte{1};
    const Bytes bytes = FileWith(0x30B, changed);
    const auto file = ParseFile(bytes);
    EXPECT_TRUE(!file || !equal(file->id_blocks.at(0), before)) << i;
  }
}

struct RequiredFields {
  std::uint64_t gpa = 0x1000;
  std::uint32_t size = 0x2000;
  std::uint32_t flags = 0;
  std::uint32_t reserved = 0;
};

Bytes FileOf(const RequiredFields& fields) {
  ByteWriter content;
  content.Le(fields.gpa).Le(std::uint32_t{1}).Le(fields.size).Le(fields.flags).Le(fields.reserved);
  return FileWith(0x305, Content(content));
}

TEST(IgvmRequiredMemory, HasOneFlag) {
  EXPECT_THAT(ParseFile(FileOf(RequiredFields{.flags = 1})), Succeeds());
  for (unsigned bit = 1; bit < 32; ++bit) {
    EXPECT_THAT(ParseFile(FileOf(RequiredFields{.flags = 1U << bit})),
                RefusedFor("reserved",
                           fmt::format("REQUIRED_MEMORY: unknown flags {:#x}, want 0", 1U << bit)));
  }
}

TEST(IgvmRequiredMemory, NamesWhatIsNotWholePages) {
  EXPECT_THAT(ParseFile(FileOf(RequiredFields{.gpa = 0x1800})),
              RefusedFor("alignment", "REQUIRED_MEMORY: guest address 0x1800"));
  EXPECT_THAT(ParseFile(FileOf(RequiredFields{.size = 0x2800})),
              RefusedFor("alignment", "REQUIRED_MEMORY: size 0x2800"));
  EXPECT_THAT(ParseFile(FileOf(RequiredFields{.reserved = 9})),
              RefusedFor("reserved", "REQUIRED_MEMORY: reserved field 0x9"));
}

Bytes ErrorRange(std::uint64_t gpa, std::uint32_t mask, std::uint32_t size) {
  ByteWriter content;
  content.Le(gpa).Le(mask).Le(size);
  return FileWith(0x30D, Content(content));
}

TEST(IgvmErrorRange, IsWholePages) {
  EXPECT_THAT(ParseFile(ErrorRange(0x1000, 1, 0x1000)), Succeeds());
  EXPECT_THAT(ParseFile(ErrorRange(0x1000, 0xFFFFFFFF, 0)), Succeeds());
  EXPECT_THAT(ParseFile(ErrorRange(0x1001, 1, 0x1000)),
              RefusedFor("alignment", "ERROR_RANGE: guest address 0x1001"));
  EXPECT_THAT(ParseFile(ErrorRange(0x1000, 1, 0xFFF)),
              RefusedFor("alignment", "ERROR_RANGE: size 0xfff"));
}

// The signed identity of another platform: its content is not looked at.
TEST(IgvmVbsMeasurement, MayHoldAnything) {
  const Bytes bytes = FileWith(0x311, Bytes(864, std::byte{0xEE}));
  const auto file = ParseFile(bytes);

  ASSERT_THAT(file, Succeeds());
  EXPECT_EQ(file->header_count, 2U);
  EXPECT_TRUE(file->directives.empty() && file->id_blocks.empty());
}

TEST(IgvmTestFiles, HaveTheirHeaderWhereTheTestsThinkItIs) {
  const Bytes bytes = FileWith(0x311, Bytes(864));
  EXPECT_EQ(Word(bytes, kHeaderOffset), 0x311U);
  EXPECT_EQ(Word(bytes, kHeaderOffset + 4), 864U);
}

}  // namespace
}  // namespace cocos::attestation::igvm
