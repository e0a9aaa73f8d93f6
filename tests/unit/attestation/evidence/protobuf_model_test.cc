// The protobuf reader against a second, simple reading of the same rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "attestation/evidence/protobuf.h"
#include "crypto/digest.h"
#include "evidence_cases.h"

namespace cocos::attestation::protobuf {
namespace {

using cocos::testing::Succeeds;
using namespace attestation::testing;

constexpr std::array<FieldRule, 3> kRules = {
    {{1, WireType::kVarint}, {2, WireType::kLength}, {3, WireType::kLength, 2}}};

using Seen = std::vector<std::tuple<std::uint32_t, std::uint64_t, Bytes>>;

// Reads as the comment of the header has it, one byte after the other, without tables.
class Model {
 public:
  explicit Model(Bytes bytes) : bytes_(std::move(bytes)) {}

  std::optional<Seen> Read() {
    Seen seen;
    int unknown = 0;
    int counts[4] = {};
    while (at_ < bytes_.size()) {
      const auto tag = TakeVarint();
      if (!tag || *tag >> 3 == 0 || *tag >> 3 >= 1U << 29) return std::nullopt;
      const auto number = static_cast<std::uint32_t>(*tag >> 3);
      const auto wire = static_cast<unsigned>(*tag & 7);
      if (number == 1 && wire != 0) return std::nullopt;
      if ((number == 2 || number == 3) && wire != 2) return std::nullopt;
      if (number <= 3 && ++counts[number] > (number == 3 ? 2 : 1)) return std::nullopt;
      if (number > 3 && ++unknown > 64) return std::nullopt;
      std::uint64_t value = 0;
      Bytes content;
      if (!TakeValue(wire, value, content)) return std::nullopt;
      if (number <= 3) seen.emplace_back(number, value, content);
    }
    return seen;
  }

 private:
  std::optional<std::uint64_t> TakeVarint() {
    std::uint64_t value = 0;
    for (unsigned group = 0; group < 10; ++group) {
      if (at_ == bytes_.size()) return std::nullopt;
      const auto byte = std::to_integer<std::uint64_t>(bytes_[at_++]);
      if (group == 9 && byte > 1) return std::nullopt;
      value += (byte & 0x7F) << (7 * group);
      if (byte < 0x80) return byte == 0 && group > 0 ? std::nullopt : std::optional(value);
    }
    return std::nullopt;
  }

  bool TakeValue(unsigned wire, std::uint64_t& value, Bytes& content) {
    if (wire == 0) {
      const auto taken = TakeVarint();
      value = taken.value_or(0);
      return taken.has_value();
    }
    std::uint64_t size = 0;
    if (wire == 1) size = 8;
    if (wire == 5) size = 4;
    if (wire == 2) {
      const auto taken = TakeVarint();
      if (!taken) return false;
      size = *taken;
    }
    if (wire == 3 || wire == 4 || wire > 5 || size > bytes_.size() - at_) return false;
    const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(at_);
    if (wire == 2) content.assign(begin, begin + static_cast<std::ptrdiff_t>(size));
    at_ += size;
    return true;
  }

  Bytes bytes_;
  std::size_t at_ = 0;
};

std::optional<Seen> ReadAll(const Bytes& message) {
  MessageReader reader(message, kRules, "message");
  Seen seen;
  while (true) {
    const Result<std::optional<Field>> field = reader.Next();
    if (!field) {
      EXPECT_EQ(field.error().code(), ErrorCode::kMalformed);
      return std::nullopt;
    }
    if (!*field) return seen;
    const Field& read = **field;
    seen.emplace_back(read.number, read.value, Bytes(read.bytes.begin(), read.bytes.end()));
  }
}

void ExpectAsTheModel(const Bytes& message) {
  if (ReadAll(message) != Model(message).Read()) ADD_FAILURE() << crypto::HexEncode(message);
}

TEST(ProtobufModel, AgreesOnEveryMessageOfUpToTwoBytes) {
  ExpectAsTheModel({});
  for (unsigned first = 0; first < 256; ++first) {
    ExpectAsTheModel(Filled(1, first));
    for (unsigned second = 0; second < 256; ++second) {
      ExpectAsTheModel({static_cast<std::byte>(first), static_cast<std::byte>(second)});
    }
  }
}

TEST(ProtobufModel, AgreesOnRandomBytes) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20000; ++round) {
    Bytes message(random() % 24);
    for (std::byte& byte : message) byte = static_cast<std::byte>(random());
    ExpectAsTheModel(message);
  }
}

// Fields that are mostly right, joined and then spoiled in one byte.
TEST(ProtobufModel, AgreesOnSpoiledMessages) {
  std::mt19937_64 random(2);
  const auto field = [&random]() -> Bytes {
    switch (random() % 6) {
      case 0:
        return IntegerField(1, random() >> random() % 64);
      case 1:
        return BytesField(2, Filled(random() % 5, 0x7f));
      case 2:
        return BytesField(3, Filled(random() % 3));
      case 3:
        return IntegerField(static_cast<std::uint32_t>(4 + random() % 3000), random());
      case 4:
        return Joined({FromHex("79"), Filled(8, 3)});
      default:
        return Joined({FromHex("7d"), Filled(4, 3)});
    }
  };
  for (int round = 0; round < 20000; ++round) {
    Bytes message = Joined({field(), field(), field()});
    if (round % 2 == 0) message[random() % message.size()] ^= static_cast<std::byte>(random());
    if (round % 5 == 0) message.resize(random() % (message.size() + 1));
    ExpectAsTheModel(message);
  }
}

TEST(ProtobufVarint, TakesEveryLengthAtItsBounds) {
  for (unsigned bits = 7; bits < 64; bits += 7) {
    const std::uint64_t limit = std::uint64_t{1} << bits;
    for (const std::uint64_t value : {limit - 1, limit}) {
      const Bytes message = IntegerField(1, value);
      const auto fields = Fields::Read(message, kRules, "message");
      ASSERT_THAT(fields, Succeeds()) << value;
      EXPECT_EQ(fields->Value(1), value);
    }
    EXPECT_EQ(Varint(limit).size(), Varint(limit - 1).size() + 1);
  }
}

TEST(ProtobufVarint, RefusesEveryLongerFormOfAValue) {
  for (unsigned length = 2; length <= 10; ++length) {
    for (const unsigned value : {0u, 1u, 0x7fu}) {
      Bytes varint(length, std::byte{0x80});
      varint.front() |= static_cast<std::byte>(value);
      varint.back() = std::byte{0};
      EXPECT_THAT(Fields::Read(Joined({FromHex("08"), varint}), kRules, "message"),
                  Malformed("message: over-long varint"))
          << length;
    }
  }
}

TEST(ProtobufVarint, RefusesLongerFormsOfTagsAndLengths) {
  EXPECT_THAT(Fields::Read(FromHex("120161"), kRules, "message"), Succeeds());
  EXPECT_THAT(Fields::Read(FromHex("92000161"), kRules, "message"), Malformed("over-long"));
  EXPECT_THAT(Fields::Read(FromHex("12810061"), kRules, "message"), Malformed("over-long"));
  EXPECT_THAT(Fields::Read(FromHex("f88000"), kRules, "message"), Malformed("over-long"));
}

TEST(ProtobufVarint, HasSixtyFourBits) {
  EXPECT_EQ(Varint(~std::uint64_t{0}).size(), 10u);
  for (unsigned last = 0; last < 256; ++last) {
    Bytes message = Joined({FromHex("08"), Filled(9, 0xff), Filled(1, last)});
    const auto fields = Fields::Read(message, kRules, "message");
    EXPECT_EQ(fields.has_value(), last == 1) << last;
  }
}

TEST(ProtobufMessage, NamesItselfFieldAndBothWireTypes) {
  EXPECT_THAT(Fields::Read(FromHex("0d00000000"), kRules, "sevsnp.Report"),
              Malformed("sevsnp.Report: field 1 of wire type 5, want 0"));
  EXPECT_THAT(Fields::Read(FromHex("120561"), kRules, "sevsnp.Report"),
              Malformed("sevsnp.Report: field 2 of 5 bytes, 1 are left"));
  EXPECT_THAT(Fields::Read(FromHex("7b"), kRules, "sevsnp.Report"),
              Malformed("sevsnp.Report: field 15 of wire type 3"));
}

// A field that a table knows is checked also where unknown ones are skipped.
TEST(ProtobufMessage, ChecksKnownFieldsInEveryOtherWireType) {
  for (const auto& [number, wire] : {std::pair{1u, 0u}, std::pair{2u, 2u}, std::pair{3u, 2u}}) {
    for (const Bytes& field : InOtherWireTypes(number, wire)) {
      EXPECT_THAT(Fields::Read(field, kRules, "message"), Malformed("of wire type"))
          << crypto::HexEncode(field);
    }
  }
}

TEST(ProtobufMessage, CountsUnknownFieldsOfAllNumbersTogether) {
  Bytes message;
  for (std::uint32_t i = 0; i < kMaxUnknownFields; ++i) {
    message = Joined({message, IntegerField(100 + i, i)});
  }
  EXPECT_THAT(Fields::Read(message, kRules, "message"), Succeeds());
  EXPECT_THAT(Fields::Read(Joined({message, IntegerField(4, 0)}), kRules, "message"),
              Malformed("unknown field 4"));
  EXPECT_THAT(Fields::Read(Joined({message, IntegerField(1, 0)}), kRules, "message"), Succeeds());
}

TEST(ProtobufFields, KeepTheOrderOfTheWire) {
  const Bytes message =
      Joined({BytesField(3, FromText("b")), IntegerField(1, 5), BytesField(3, FromText("a"))});
  const auto fields = Fields::Read(message, kRules, "message");

  ASSERT_THAT(fields, Succeeds());
  const auto all = fields->All(3);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(Bytes(all[0].begin(), all[0].end()), FromText("b"));
  EXPECT_EQ(Bytes(all[1].begin(), all[1].end()), FromText("a"));
}

}  // namespace
}  // namespace cocos::attestation::protobuf
