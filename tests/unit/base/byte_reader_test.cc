#include "base/byte_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "support/result_matchers.h"

namespace cocos {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

std::vector<std::byte> Counting(std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i + 1);
  return bytes;
}

TEST(ByteReader, ReadsIntegersOfBothOrders) {
  const auto bytes = Counting(15);
  ByteReader reader(bytes);

  EXPECT_EQ(reader.Le<std::uint8_t>(), 0x01u);
  EXPECT_EQ(reader.Le<std::uint16_t>(), 0x0302u);
  EXPECT_EQ(reader.Be<std::uint32_t>(), 0x04050607u);
  EXPECT_EQ(reader.Le<std::uint64_t>(), 0x0f0e0d0c0b0a0908u);
  EXPECT_THAT(reader.Finish("x"), Succeeds());
}

TEST(ByteReader, YieldsZerosPastTheEndAndFailsForGood) {
  const auto bytes = Counting(3);
  ByteReader reader(bytes);

  EXPECT_EQ(reader.Le<std::uint32_t>(), 0u);
  EXPECT_EQ(reader.Le<std::uint8_t>(), 0u);
  EXPECT_EQ(reader.Array<2>(), (std::array<std::byte, 2>{}));
  EXPECT_FALSE(reader.ok());
  EXPECT_THAT(reader.Finish("thing"), FailsWith(ErrorCode::kMalformed, HasSubstr("thing: ends")));
  EXPECT_THAT(reader.FinishPrefix("thing"), FailsWith(ErrorCode::kMalformed));
}

TEST(ByteReader, ReportsLeftoverBytesUnlessAPrefixIsWanted) {
  const auto bytes = Counting(3);
  ByteReader reader(bytes);
  reader.Skip(1);

  EXPECT_THAT(reader.Finish("thing"), FailsWith(ErrorCode::kMalformed, HasSubstr("2 bytes more")));
  EXPECT_THAT(reader.FinishPrefix("thing"), Succeeds());
}

TEST(ByteReader, SubReadersCannotLookOutside) {
  const auto bytes = Counting(4);
  ByteReader reader(bytes);
  ByteReader sub = reader.Sub(2);

  EXPECT_EQ(sub.Le<std::uint32_t>(), 0u);
  EXPECT_FALSE(sub.ok());
  EXPECT_EQ(reader.Le<std::uint16_t>(), 0x0403u);
  EXPECT_FALSE(reader.Sub(1).ok());
}

TEST(ByteReader, TellsZerosFromOthers) {
  const std::vector<std::byte> bytes = {std::byte{0}, std::byte{0}, std::byte{1}};
  ByteReader reader(bytes);

  EXPECT_TRUE(reader.Zeros(2));
  EXPECT_FALSE(reader.Zeros(1));
  EXPECT_TRUE(reader.ok());
}

TEST(ByteReader, SurvivesTheLargestCounts) {
  const auto bytes = Counting(3);
  ByteReader reader(bytes);
  reader.Skip(1);

  EXPECT_TRUE(reader.Bytes(SIZE_MAX).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(ByteWriter, WritesWhatTheReaderReads) {
  ByteWriter writer;
  writer.Le<std::uint16_t>(0x0201).Be<std::uint32_t>(0x03040506).Text("ab").Zeros(1).PadTo(12);
  const auto bytes = std::move(writer).Take();
  ByteReader reader(bytes);

  EXPECT_EQ(reader.Le<std::uint16_t>(), 0x0201u);
  EXPECT_EQ(reader.Be<std::uint32_t>(), 0x03040506u);
  EXPECT_EQ(reader.Array<2>(), (std::array{std::byte{'a'}, std::byte{'b'}}));
  EXPECT_TRUE(reader.Zeros(4));
  EXPECT_THAT(reader.Finish("x"), Succeeds());
}

}  // namespace
}  // namespace cocos
