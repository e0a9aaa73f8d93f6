// The first byte of an item and its argument, over everything they can be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>

#include "attestation/cbor/item.h"
#include "attestation/cbor/writer.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"

namespace cocos::attestation::cbor {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;

using Bytes = std::vector<std::byte>;

auto Refused(std::string_view message) {
  return FailsWith(ErrorCode::kMalformed, HasSubstr(std::string(message)));
}

constexpr Limits kWide = {.depth = 8, .entries = 1u << 20};

// A head with an argument in the form that `info` stands for (24 to 27), shortest or not.
Bytes HeadOf(Type type, int info, std::uint64_t argument) {
  Bytes bytes = {static_cast<std::byte>(static_cast<int>(type) << 5 | info)};
  for (int shift = 8 * ((1 << (info - 24)) - 1); shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::byte>(argument >> shift & 0xff));
  }
  return bytes;
}

// What has to stand behind a head so that it makes an item.
Bytes ContentOf(Type type, std::uint64_t argument) {
  switch (type) {
    case Type::kUnsigned:
    case Type::kNegative:
      return {};
    case Type::kTag:
      return Bytes(1);
    case Type::kText:
      return Bytes(argument, std::byte{'a'});
    case Type::kMap: {
      Bytes members;
      for (std::uint64_t i = 0; i < argument; ++i) {
        const Encoding key = EncodeUnsigned(i);
        members.insert(members.end(), key.begin(), key.end());
        members.push_back({});
      }
      return members;
    }
    default:
      return Bytes(argument);
  }
}

Result<Type> ParseItem(Type type, int info, std::uint64_t argument) {
  Bytes bytes = HeadOf(type, info, argument);
  const Bytes content = ContentOf(type, argument);
  bytes.insert(bytes.end(), content.begin(), content.end());
  const Item item = COCOS_TRY(Parse(bytes, "item", kWide));
  return item.type();
}

class CborHead : public ::testing::TestWithParam<Type> {};

INSTANTIATE_TEST_SUITE_P(EveryMajorType, CborHead,
                         ::testing::Values(Type::kUnsigned, Type::kNegative, Type::kBytes,
                                           Type::kText, Type::kArray, Type::kMap, Type::kTag),
                         [](const auto& type) {
                           std::string name(TypeName(type.param));
                           std::erase(name, ' ');
                           return name;
                         });

TEST_P(CborHead, OfOneByteHoldsArgumentsUpTo23) {
  EXPECT_THAT(ParseItem(GetParam(), 24, 24), Succeeds());
  for (std::uint64_t argument = 0; argument < 24; ++argument) {
    EXPECT_THAT(ParseItem(GetParam(), 24, argument),
                Refused(fmt::format("item: {} head of {} is not in its shortest form",
                                    TypeName(GetParam()), argument)));
  }
}

TEST_P(CborHead, OfTwoBytesHoldsArgumentsUpTo255) {
  EXPECT_THAT(ParseItem(GetParam(), 24, 255), Succeeds());
  EXPECT_THAT(ParseItem(GetParam(), 25, 255), Refused("head of 255 is not in its shortest form"));
  EXPECT_THAT(ParseItem(GetParam(), 25, 256), Succeeds());
}

TEST_P(CborHead, OfThreeBytesHoldsArgumentsUpTo65535) {
  EXPECT_THAT(ParseItem(GetParam(), 25, 65535), Succeeds());
  EXPECT_THAT(ParseItem(GetParam(), 26, 65535), Refused("head of 65535 is not in its shortest"));
  EXPECT_THAT(ParseItem(GetParam(), 26, 65536), Succeeds());
}

TEST_P(CborHead, OfNineBytesHoldsNothingThatFitsInFour) {
  for (const std::uint64_t argument : {std::uint64_t{0}, std::uint64_t{4294967295}}) {
    const Bytes head = HeadOf(GetParam(), 27, argument);
    EXPECT_THAT(Parse(head, "item", kWide), Refused("is not in its shortest form"));
  }
}

TEST_P(CborHead, OfNineBytesIsReadBeforeItsContentIsMissed) {
  const Bytes head = HeadOf(GetParam(), 27, 1ull << 32);
  const bool whole = GetParam() == Type::kUnsigned || GetParam() == Type::kNegative;
  const Result<Item> item = Parse(head, "item", kWide);

  EXPECT_EQ(item.has_value(), whole);
  if (!item) {
    EXPECT_THAT(item.error().message(), ::testing::Not(HasSubstr("shortest")));
  }
}

TEST_P(CborHead, IsRefusedWhenItsArgumentIsCut) {
  for (const int info : {24, 25, 26, 27}) {
    const Bytes head = HeadOf(GetParam(), info, 1ull << 63);
    for (std::size_t size = 1; size < head.size(); ++size) {
      EXPECT_THAT(Parse(std::span(head).first(size), "item", kWide),
                  FailsWith(ErrorCode::kMalformed))
          << info << ", " << size;
    }
  }
}

TEST_P(CborHead, HasNoReservedAndNoIndefiniteLength) {
  const auto initial = [](int info) {
    return Bytes{static_cast<std::byte>(static_cast<int>(GetParam()) << 5 | info)};
  };
  for (const int info : {28, 29, 30}) {
    EXPECT_THAT(Parse(initial(info), "item"),
                Refused(fmt::format("item: {} of reserved length", TypeName(GetParam()))));
  }
  EXPECT_THAT(Parse(initial(31), "item"),
              Refused(fmt::format("item: {} of indefinite length", TypeName(GetParam()))));
}

// RFC 8949 section 3.3: of the 32 values of major type 7, three are known here.
TEST(CborSimpleValue, IsFalseTrueOrNull) {
  for (int info = 0; info < 32; ++info) {
    const Bytes bytes = {static_cast<std::byte>(7 << 5 | info)};
    const Result<Item> item = Parse(bytes, "item");

    EXPECT_EQ(item.has_value(), info >= 20 && info <= 22) << info;
    if (item) {
      EXPECT_EQ(item->type(), info == 22 ? Type::kNull : Type::kBool);
    }
  }
}

TEST(CborSimpleValue, HasNoFormOfTwoBytes) {
  for (int value = 0; value < 256; ++value) {
    const Bytes bytes = {std::byte{0xf8}, static_cast<std::byte>(value)};
    EXPECT_THAT(Parse(bytes, "item"), Refused("simple value or float 24")) << value;
  }
}

TEST(CborSimpleValue, IsNamedWhenItIsAFloat) {
  EXPECT_THAT(Parse(crypto::HexDecode("f93c00").value(), "claim"),
              Refused("claim: simple value or float 25, want false, true or null"));
}

// A second reading of the subset, written from the tables of RFC 8949 alone: whether the bytes are
// one item. Short documents cannot exceed the limits and have no two keys that differ in case.
class Oracle {
 public:
  static bool Accepts(std::span<const std::byte> bytes) {
    Oracle oracle(bytes);
    return oracle.TakeItem().has_value() && oracle.next_ == bytes.size();
  }

 private:
  explicit Oracle(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::optional<int> TakeByte() {
    if (next_ == bytes_.size()) return std::nullopt;
    return std::to_integer<int>(bytes_[next_++]);
  }

  // A short document has no room for arguments of more than two bytes.
  std::optional<int> TakeArgument(int info) {
    if (info < 24) return info;
    if (info > 25) return std::nullopt;
    const std::optional<int> high = info == 25 ? TakeByte() : std::optional(0);
    const std::optional<int> low = TakeByte();
    if (!high || !low) return std::nullopt;
    const int argument = *high << 8 | *low;
    return argument >= (info == 25 ? 256 : 24) ? std::optional(argument) : std::nullopt;
  }

  // Gives where the item ends.
  std::optional<std::size_t> TakeItem() {
    const std::optional<int> initial = TakeByte();
    if (!initial) return std::nullopt;
    const int major = *initial >> 5;
    const int info = *initial & 31;
    if (major == 7) return info >= 20 && info <= 22 ? std::optional(next_) : std::nullopt;
    const std::optional<int> argument = TakeArgument(info);
    if (!argument) return std::nullopt;
    if (major <= 1) return next_;
    if (major <= 3) return TakeString(*argument, major == 3);
    if (major == 6) return TakeItem();
    return major == 4 ? TakeArray(*argument) : TakeMap(*argument);
  }

  std::optional<std::size_t> TakeString(int size, bool text) {
    for (int i = 0; i < size; ++i) {
      const std::optional<int> byte = TakeByte();
      // Two bytes of text are too few for any sequence but those of two bytes.
      if (!byte) return std::nullopt;
      if (!text || *byte < 0x80) continue;
      const std::optional<int> second = ++i < size ? TakeByte() : std::nullopt;
      if (*byte < 0xc2 || *byte > 0xdf || !second || *second >> 6 != 2) return std::nullopt;
    }
    return next_;
  }

  std::optional<std::size_t> TakeArray(int count) {
    for (int i = 0; i < count; ++i) {
      if (!TakeItem()) return std::nullopt;
    }
    return next_;
  }

  std::optional<std::size_t> TakeMap(int count) {
    for (int i = 0; i < count; ++i) {
      const std::size_t begin = next_;
      if (!TakeItem()) return std::nullopt;
      const int major = std::to_integer<int>(bytes_[begin]) >> 5;
      if (major != 0 && major != 1 && major != 3) return std::nullopt;
      for (std::size_t at = begin + 1; major == 3 && at < next_; ++at) {
        const int letter = std::to_integer<int>(bytes_[at]);
        if (letter < 0x20 || letter > 0x7e) return std::nullopt;
      }
      if (!TakeItem()) return std::nullopt;
    }
    return next_;
  }

  std::span<const std::byte> bytes_;
  std::size_t next_ = 0;
};

void ExpectAgreement(std::span<const std::byte> document) {
  ASSERT_EQ(Parse(document, "x").has_value(), Oracle::Accepts(document))
      << crypto::HexEncode(document);
}

// All documents of up to two bytes, and each with a third byte of every class.
TEST(CborParse, AgreesWithASecondReaderOnShortDocuments) {
  constexpr std::array<std::uint8_t, 12> kThird = {0x00, 0x17, 0x18, 0x20, 0x41, 0x61,
                                                   0x7e, 0x7f, 0x80, 0xbf, 0xf6, 0xff};
  for (unsigned first = 0; first < 256; ++first) {
    std::array<std::byte, 3> bytes = {static_cast<std::byte>(first)};
    ASSERT_NO_FATAL_FAILURE(ExpectAgreement(std::span(bytes).first(1)));
    for (unsigned second = 0; second < 256; ++second) {
      bytes[1] = static_cast<std::byte>(second);
      ASSERT_NO_FATAL_FAILURE(ExpectAgreement(std::span(bytes).first(2)));
      for (const std::uint8_t third : kThird) {
        bytes[2] = std::byte{third};
        ASSERT_NO_FATAL_FAILURE(ExpectAgreement(bytes));
      }
    }
  }
}

}  // namespace
}  // namespace cocos::attestation::cbor
