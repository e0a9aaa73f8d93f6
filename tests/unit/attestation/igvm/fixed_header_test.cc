// The fixed header: identity, extent and checksum.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/igvm/crc32.h"
#include "attestation/igvm/headers.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"
#include "unit/attestation/igvm/igvm_cases.h"

namespace cocos::attestation::igvm {
namespace {

using cocos::testing::Bytes;
using cocos::testing::IgvmBuilder;
using cocos::testing::RefusedFor;
using cocos::testing::Succeeds;

// Offsets in the fixed header.
constexpr std::size_t kMagic = 0;
constexpr std::size_t kVersion = 4;
constexpr std::size_t kVariableOffset = 8;
constexpr std::size_t kVariableSize = 12;
constexpr std::size_t kTotalSize = 16;
constexpr std::size_t kChecksum = 20;
constexpr std::size_t kArchitecture = 24;
constexpr std::size_t kFilePageSize = 28;

// CRC-32 bit by bit, for comparison.
std::uint32_t SlowCrc32(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const std::byte byte : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      const bool out = ((crc ^ (std::to_integer<std::uint32_t>(byte) >> bit)) & 1) != 0;
      crc = crc >> 1 ^ (out ? 0xEDB88320 : 0);
    }
  }
  return ~crc;
}

TEST(Crc32, IsThatOfItsDefinitionForEveryByteValue) {
  for (unsigned value = 0; value < 256; ++value) {
    const Bytes bytes = {static_cast<std::byte>(value), std::byte{0x5A}};
    Crc32 crc;
    crc.Update(bytes);
    EXPECT_EQ(crc.value(), SlowCrc32(bytes)) << value;
  }
}

TEST(Crc32, DoesNotDependOnThePieces) {
  const auto text = crypto::BytesOf("the quick brown fox jumps over the lazy dog");
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Crc32 crc;
    crc.Update(text.first(cut));
    crc.Update(text.subspan(cut));
    EXPECT_EQ(crc.value(), SlowCrc32(text)) << cut;
  }
}

TEST(Crc32, MayBeReadBetweenPieces) {
  Crc32 crc;
  crc.Update(crypto::BytesOf("12345"));
  EXPECT_EQ(crc.value(), SlowCrc32(crypto::BytesOf("12345")));
  crc.Update(crypto::BytesOf("6789"));
  EXPECT_EQ(crc.value(), 0xCBF43926U);
}

Bytes Small(std::uint32_t version = 1) { return IgvmBuilder(version).Snp().Build(); }

Bytes With(std::size_t at, std::uint32_t value, std::uint32_t version = 1) {
  Bytes bytes = Small(version);
  IgvmBuilder::Put(bytes, at, value);
  IgvmBuilder::WriteChecksum(bytes, version == 1 ? 24 : 32, 24);
  return bytes;
}

TEST(IgvmFixedHeader, SaysWhereHeadersAndDataAre) {
  const Bytes bytes = Small();
  const auto layout = ParseFixedHeader(bytes);

  ASSERT_THAT(layout, Succeeds());
  EXPECT_EQ(layout->format_version, 1U);
  EXPECT_EQ(layout->variable_headers.data(), bytes.data() + 24);
  EXPECT_EQ(layout->variable_headers.size(), 24U);
  EXPECT_EQ(layout->data_offset, 48U);
}

TEST(IgvmFixedHeader, OfVersionTwoIsEightBytesLonger) {
  const Bytes bytes = Small(2);
  const auto layout = ParseFixedHeader(bytes);

  ASSERT_THAT(layout, Succeeds());
  EXPECT_EQ(layout->format_version, 2U);
  EXPECT_EQ(layout->variable_headers.data(), bytes.data() + 32);
  EXPECT_EQ(layout->data_offset, 56U);
}

TEST(IgvmFixedHeader, HasItsMagicByteForByte) {
  for (std::size_t at = kMagic; at < kMagic + 4; ++at) {
    Bytes bytes = Small();
    bytes[at] ^= std::byte{0x20};
    IgvmBuilder::WriteChecksum(bytes, 24, 24);
    EXPECT_THAT(ParseFixedHeader(bytes), RefusedFor("fixed_header", "magic")) << at;
  }
}

TEST(IgvmFixedHeader, HasAKnownVersion) {
  for (const std::uint32_t version : {0U, 3U, 0x101U, 0xFFFFFFFFU}) {
    EXPECT_THAT(ParseFixedHeader(With(kVersion, version)),
                RefusedFor("fixed_header", fmt::format("version {}", version)));
  }
}

TEST(IgvmFixedHeader, SaysTheSizeOfTheFile) {
  const auto size = static_cast<std::uint32_t>(Small().size());
  for (const std::uint32_t total : {0U, size - 1, size + 1, 0xFFFFFFFFU}) {
    EXPECT_THAT(ParseFixedHeader(With(kTotalSize, total)),
                RefusedFor("fixed_header",
                           fmt::format("total file size {}, but there are {} bytes", total, size)));
  }
}

TEST(IgvmFixedHeader, IsNotOverlappedByTheHeadersBehind) {
  for (const std::uint32_t offset : {0U, 8U, 16U, 23U}) {
    EXPECT_THAT(ParseFixedHeader(With(kVariableOffset, offset)),
                RefusedFor("fixed_header", "from 0x18 on"))
        << offset;
  }
  EXPECT_THAT(
      ParseFixedHeader(With(kVariableOffset, 24, 2)),
      RefusedFor("fixed_header", "variable headers at 0x18, want a multiple of 8 from 0x20"));
}

TEST(IgvmFixedHeader, AlignsTheHeadersBehindToEight) {
  for (std::uint32_t offset = 25; offset < 32; ++offset) {
    EXPECT_THAT(ParseFixedHeader(With(kVariableOffset, offset)),
                RefusedFor("fixed_header", "want a multiple of 8"))
        << offset;
  }
}

TEST(IgvmFixedHeader, LeavesAtLeastOneByteOfData) {
  const auto size = static_cast<std::uint32_t>(Small().size());
  Bytes bytes = Small();
  IgvmBuilder::Put(bytes, kVariableSize, size - 24 - 1);
  IgvmBuilder::WriteChecksum(bytes, 24, size - 24 - 1);
  EXPECT_THAT(ParseFixedHeader(bytes), Succeeds());

  for (const std::uint32_t variable : {size - 24, size, 0xFFFFFFE8U, 0xFFFFFFFFU}) {
    EXPECT_THAT(ParseFixedHeader(With(kVariableSize, variable)),
                RefusedFor("fixed_header", "variable headers end at"))
        << variable;
  }
}

TEST(IgvmFixedHeader, NamesTheEndWithoutWrapping) {
  EXPECT_THAT(ParseFixedHeader(With(kVariableSize, 0xFFFFFFF8)),
              RefusedFor("fixed_header", "end at 0x100000010"));
}

TEST(IgvmFixedHeader, MayHaveNoHeadersBehindAtAll) {
  Bytes bytes = Small();
  IgvmBuilder::Put(bytes, kVariableSize, 0);
  IgvmBuilder::WriteChecksum(bytes, 24, 0);

  const auto layout = ParseFixedHeader(bytes);
  ASSERT_THAT(layout, Succeeds());
  EXPECT_TRUE(layout->variable_headers.empty());
  // But a file is for at least one platform.
  EXPECT_THAT(ParseFile(bytes), RefusedFor("platform", "no SUPPORTED_PLATFORM header"));
}

TEST(IgvmFixedHeader, OfVersionTwoKnowsOneArchitectureAndPageSize) {
  EXPECT_THAT(ParseFixedHeader(With(kArchitecture, 1, 2)),
              RefusedFor("fixed_header", "architecture 1, want 0 (x64)"));
  for (const std::uint32_t size : {0U, 4095U, 4097U, 16384U, 65536U}) {
    EXPECT_THAT(ParseFixedHeader(With(kFilePageSize, size, 2)),
                RefusedFor("fixed_header", fmt::format("page size {}, want 4096", size)));
  }
}

TEST(IgvmFixedHeader, CutOffSaysHowMuchItsVersionNeeds) {
  const Bytes one = Small();
  const Bytes two = Small(2);
  EXPECT_THAT(ParseFixedHeader({}), RefusedFor("fixed_header", "file of 0 bytes"));
  EXPECT_THAT(ParseFixedHeader(std::span(one).first(23)),
              RefusedFor("fixed_header", "file of 23 bytes, want at least a fixed header of 24"));
  EXPECT_THAT(ParseFixedHeader(std::span(two).first(31)),
              RefusedFor("fixed_header", "file of 31 bytes, want at least a fixed header of 32"));
}

TEST(IgvmChecksum, DiffersWithEveryBitOfIt) {
  for (unsigned bit = 0; bit < 32; ++bit) {
    Bytes bytes = Small();
    bytes[kChecksum + bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_THAT(ParseFixedHeader(bytes), RefusedFor("checksum", "but the headers have")) << bit;
  }
}

TEST(IgvmChecksum, CoversEveryBitOfTheHeadersBehind) {
  for (std::size_t bit = 0; bit < 24 * 8; ++bit) {
    Bytes bytes = Small();
    bytes[24 + bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_THAT(ParseFixedHeader(bytes), RefusedFor("checksum", "")) << bit;
  }
}

TEST(IgvmChecksum, IsThatOfTheHeadersWithItselfZero) {
  Bytes bytes = Small(2);
  Bytes headers(bytes.begin(), bytes.begin() + 32 + 24);
  IgvmBuilder::Put(headers, kChecksum, 0);
  IgvmBuilder::Put(bytes, kChecksum, SlowCrc32(headers));

  EXPECT_THAT(ParseFixedHeader(bytes), Succeeds());
}

// The launch digest covers the data.
TEST(IgvmChecksum, DoesNotCoverTheData) {
  Bytes bytes = Small();
  bytes.back() ^= std::byte{1};
  EXPECT_THAT(ParseFixedHeader(bytes), Succeeds());
}

// A gap of eight bytes between the fixed header and the others.
TEST(IgvmChecksum, DoesNotCoverTheGapBeforeTheHeaders) {
  Bytes bytes = Small();
  bytes.insert(bytes.begin() + 24, 8, std::byte{0});
  IgvmBuilder::Put(bytes, kVariableOffset, 32);
  IgvmBuilder::Put(bytes, kTotalSize, static_cast<std::uint32_t>(bytes.size()));
  IgvmBuilder::Put(bytes, kChecksum, 0);
  Crc32 crc;
  crc.Update(std::span(bytes).first(24));
  crc.Update(std::span(bytes).subspan(32, 24));
  IgvmBuilder::Put(bytes, kChecksum, crc.value());

  const auto file = ParseFile(bytes);
  ASSERT_THAT(file, Succeeds());
  EXPECT_EQ(file->platforms.size(), 1U);
  bytes[27] = std::byte{0xFF};
  EXPECT_THAT(ParseFile(bytes), Succeeds());
}

}  // namespace
}  // namespace cocos::attestation::igvm
