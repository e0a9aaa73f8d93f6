#include "attestation/launch/guid_table.h"

#include <gtest/gtest.h>

#include <map>

#include "support/result_matchers.h"
#include "unit/attestation/launch/firmware_builder.h"

namespace cocos::attestation::launch {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::FirmwareBuilder;
using cocos::testing::kTableFooterGuid;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr std::string_view kFirst = "00112233-4455-6677-8899-aabbccddeeff";
constexpr std::string_view kSecond = "ffeeddcc-bbaa-9988-7766-554433221100";
constexpr std::string_view kThird = "01234567-89ab-cdef-0123-456789abcdef";
constexpr std::size_t kResetVectorSize = 32;
constexpr std::size_t kOverhead = 18;

// Three entries: with four bytes, with none, with seven.
Bytes Image() {
  return FirmwareBuilder(512)
      .Entry(kFirst, std::vector<std::uint32_t>{0x04030201})
      .Entry(kSecond, std::span<const std::byte>())
      .Entry(kThird, Bytes(7, std::byte{0x77}))
      .Build();
}
constexpr std::size_t kTableSize = 4 * kOverhead + 4 + 7;

// Where the two bytes of a length lie, counted from the end of the image, from the footer
// backwards.
const std::vector<std::size_t> kLengthsFromEnd = {
    kResetVectorSize + kOverhead,
    kResetVectorSize + 2 * kOverhead,
    kResetVectorSize + 3 * kOverhead + 7,
    kResetVectorSize + 4 * kOverhead + 7,
};

void PutLength(Bytes& image, std::size_t from_end, std::size_t length) {
  image[image.size() - from_end] = static_cast<std::byte>(length);
  image[image.size() - from_end + 1] = static_cast<std::byte>(length >> 8);
}

TEST(Guid, HasItsFirstThreeFieldsLittleEndian) {
  const Guid guid = ParseGuid(kFirst);
  const std::array<int, 16> expected = {0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
                                        0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

  for (std::size_t i = 0; i < guid.size(); ++i) {
    EXPECT_EQ(std::to_integer<int>(guid[i]), expected[i]) << i;
  }
}

TEST(Guid, IsKnownWhileCompiling) {
  static_assert(ParseGuid(kThird)[0] == std::byte{0x67});
  static_assert(ParseGuid(kThird)[15] == std::byte{0xef});
}

TEST(GuidTableParse, FindsTheDataOfEachEntry) {
  const Bytes image = Image();

  const auto table = GuidTable::Parse(image);

  ASSERT_THAT(table, Succeeds());
  const auto first = table->Find(ParseGuid(kFirst));
  ASSERT_TRUE(first);
  EXPECT_EQ(ByteReader(*first).Le<std::uint32_t>(), 0x04030201U);
  EXPECT_EQ(first->size(), 4U);
  EXPECT_TRUE(table->Find(ParseGuid(kSecond))->empty());
  EXPECT_EQ(table->Find(ParseGuid(kThird))->size(), 7U);
}

TEST(GuidTableParse, FindsNothingUnderAnotherGuidNorTheFooter) {
  const Bytes image = Image();
  const auto table = GuidTable::Parse(image);
  ASSERT_THAT(table, Succeeds());

  for (std::size_t i = 0; i < 16; ++i) {
    Guid other = ParseGuid(kFirst);
    other[i] ^= std::byte{1};
    EXPECT_FALSE(table->Find(other)) << i;
  }
  EXPECT_FALSE(table->Find(ParseGuid(kTableFooterGuid)));
}

TEST(GuidTableParse, AcceptsATableWithoutEntries) {
  const Bytes image = FirmwareBuilder(512).Build();

  const auto table = GuidTable::Parse(image);

  ASSERT_THAT(table, Succeeds());
  EXPECT_FALSE(table->Find(ParseGuid(kFirst)));
}

TEST(GuidTableParse, AcceptsAnImageThatIsNoLargerThanItsTable) {
  const Bytes image = Image();
  const std::span<const std::byte> all(image);

  EXPECT_THAT(GuidTable::Parse(all.last(kTableSize + kResetVectorSize)), Succeeds());
  EXPECT_THAT(GuidTable::Parse(all.last(kTableSize + kResetVectorSize - 1)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("length 83, want 18 to 82")));
}

TEST(GuidTableParse, RefusesImagesWithoutRoomForTheFooter) {
  const Bytes image = FirmwareBuilder(512).Build();
  const std::span<const std::byte> all(image);

  for (std::size_t size = 0; size < kOverhead + kResetVectorSize; ++size) {
    EXPECT_THAT(GuidTable::Parse(all.last(size)),
                FailsWith(ErrorCode::kMalformed, HasSubstr("want room for a GUID table")))
        << size;
  }
  EXPECT_THAT(GuidTable::Parse(all.last(kOverhead + kResetVectorSize)), Succeeds());
}

TEST(GuidTableParse, WantsTheFooterRightBeforeTheResetVector) {
  const Bytes image = Image();

  for (std::size_t i = 0; i < 16; ++i) {
    Bytes changed = image;
    changed[image.size() - kResetVectorSize - 16 + i] ^= std::byte{0x40};
    EXPECT_THAT(GuidTable::Parse(changed),
                FailsWith(ErrorCode::kMalformed, HasSubstr("no GUID table")))
        << i;
  }
  Bytes moved = image;
  moved.push_back(std::byte{0});
  EXPECT_THAT(GuidTable::Parse(moved), FailsWith(ErrorCode::kMalformed));
}

TEST(GuidTableParse, DoesNotLookAtTheResetVectorNorInFrontOfTheTable) {
  Bytes image = Image();
  const std::size_t table_at = image.size() - kResetVectorSize - kTableSize;
  std::fill_n(image.begin(), table_at, std::byte{0xEE});
  std::fill_n(image.end() - kResetVectorSize, kResetVectorSize, std::byte{0xEE});

  EXPECT_THAT(GuidTable::Parse(image), Succeeds());
}

TEST(GuidTableParse, RefusesAFooterLengthThatIsTooSmallOrLeavesTheImage) {
  const std::size_t most = 512 - kResetVectorSize;
  for (const std::size_t length : {std::size_t{0}, kOverhead - 1, most + 1, std::size_t{0xFFFF}}) {
    Bytes image = Image();
    PutLength(image, kLengthsFromEnd[0], length);
    EXPECT_THAT(GuidTable::Parse(image),
                FailsWith(ErrorCode::kMalformed, HasSubstr(fmt::format("length {}", length))));
  }
}

// Every length of every entry but the right one: either the entry is refused or the rest no longer
// fits, and never does an entry begin in front of the table.
TEST(GuidTableParse, RefusesEveryOtherLengthOfTheFirstEntry) {
  const std::size_t right = kOverhead + 4;  // the entry that is read last
  for (std::size_t length = 0; length < 600; ++length) {
    Bytes image = Image();
    PutLength(image, kLengthsFromEnd[3], length);
    EXPECT_EQ(GuidTable::Parse(image).has_value(), length == right) << length;
  }
}

TEST(GuidTableParse, RefusesBytesThatAreNoEntry) {
  for (std::size_t more = 1; more < kOverhead; ++more) {
    Bytes image = Image();
    PutLength(image, kLengthsFromEnd[0], kTableSize + more);
    EXPECT_THAT(GuidTable::Parse(image),
                FailsWith(ErrorCode::kMalformed,
                          HasSubstr(fmt::format("{} bytes that are no entry", more))));
  }
}

TEST(GuidTableParse, TakesAnEmptyEntryOfZerosForBroken) {
  Bytes image = Image();
  PutLength(image, kLengthsFromEnd[0], kTableSize + kOverhead);

  EXPECT_THAT(GuidTable::Parse(image),
              FailsWith(ErrorCode::kMalformed, HasSubstr("entry of length 0, want 18 to 18")));
}

TEST(GuidTableParse, RefusesAnEntryThatIsThereTwiceAlsoWithOtherData) {
  for (const std::uint32_t data : {1U, 2U}) {
    const Bytes image = FirmwareBuilder(512)
                            .Entry(kFirst, std::vector<std::uint32_t>{1})
                            .Entry(kSecond, std::vector<std::uint32_t>{7})
                            .Entry(kFirst, std::vector<std::uint32_t>{data})
                            .Build();
    EXPECT_THAT(GuidTable::Parse(image), FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
  }
}

// A second reader, forwards over positions instead of backwards over spans.
std::optional<std::map<Bytes, Bytes>> ReadByHand(const Bytes& image) {
  const auto length_at = [&](std::size_t end) {
    return std::to_integer<std::size_t>(image[end - 18]) |
           std::to_integer<std::size_t>(image[end - 17]) << 8;
  };
  const auto copy = [&](std::size_t begin, std::size_t end) {
    return Bytes(image.begin() + static_cast<std::ptrdiff_t>(begin),
                 image.begin() + static_cast<std::ptrdiff_t>(end));
  };
  std::size_t end = image.size() - kResetVectorSize;
  const Guid footer = ParseGuid(kTableFooterGuid);
  if (copy(end - 16, end) != Bytes(footer.begin(), footer.end())) return std::nullopt;
  const std::size_t total = length_at(end);
  if (total < 18 || total > end) return std::nullopt;
  const std::size_t stop = end - total;
  end -= 18;
  std::map<Bytes, Bytes> entries;
  while (end >= stop + 18) {
    const std::size_t length = length_at(end);
    if (length < 18 || length > end - stop) return std::nullopt;
    if (!entries.emplace(copy(end - 16, end), copy(end - length, end - 18)).second) {
      return std::nullopt;
    }
    end -= length;
  }
  return end == stop ? std::optional(entries) : std::nullopt;
}

// Every value of every byte of the table.
TEST(GuidTableParse, ReadsAnyChangeOfOneByteAsASecondReaderDoes) {
  Bytes image = Image();
  const std::size_t begin = image.size() - kResetVectorSize - kTableSize;

  for (std::size_t at = begin; at < begin + kTableSize; ++at) {
    const std::byte before = image[at];
    for (int value = 0; value < 256; ++value) {
      image[at] = static_cast<std::byte>(value);
      const auto expected = ReadByHand(image);
      const auto table = GuidTable::Parse(image);
      ASSERT_EQ(table.has_value(), expected.has_value()) << at << " " << value;
      if (!expected) continue;
      for (const auto& [guid, data] : *expected) {
        Guid key{};
        std::ranges::copy(guid, key.begin());
        const auto found = table->Find(key);
        ASSERT_TRUE(found) << at << " " << value;
        EXPECT_TRUE(std::ranges::equal(*found, data));
      }
    }
    image[at] = before;
  }
}

TEST(GuidTablePointed, CountsBackFromTheEndOfTheImage) {
  const auto remaining = [](std::uint32_t offset) -> Result<std::size_t> {
    const Bytes image = FirmwareBuilder(512).Entry(kFirst, {offset}).Build();
    const GuidTable table = COCOS_TRY(GuidTable::Parse(image));
    const ByteReader reader = COCOS_TRY(table.Pointed(ParseGuid(kFirst), image));
    return reader.remaining();
  };

  for (const std::uint32_t offset : {0U, 1U, 511U, 512U}) {
    EXPECT_EQ(remaining(offset).value(), offset);
  }
  for (const std::uint32_t offset : {513U, 0x80000000U, 0xFFFFFFFFU}) {
    EXPECT_THAT(remaining(offset),
                FailsWith(ErrorCode::kMalformed, HasSubstr(fmt::format("offset {:#x}", offset))));
  }
}

TEST(GuidTablePointed, WantsExactlyFourBytes) {
  for (const std::size_t size : {0U, 3U, 5U, 8U}) {
    const Bytes image = FirmwareBuilder(512).Entry(kFirst, Bytes(size)).Build();
    const auto table = GuidTable::Parse(image);
    ASSERT_THAT(table, Succeeds());
    EXPECT_THAT(table->Pointed(ParseGuid(kFirst), image), FailsWith(ErrorCode::kMalformed)) << size;
  }
}

TEST(GuidTablePointed, IsNotFoundWithoutTheEntry) {
  const Bytes image = Image();
  const auto table = GuidTable::Parse(image);
  ASSERT_THAT(table, Succeeds());

  EXPECT_THAT(table->Pointed(ParseGuid(kTableFooterGuid), image), FailsWith(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace cocos::attestation::launch
