#include "attestation/evidence/protobuf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "samples.h"
#include "support/result_matchers.h"

namespace cocos::attestation::protobuf {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using namespace attestation::testing;
using ::testing::HasSubstr;

constexpr std::array<FieldRule, 3> kRules = {
    {{1, WireType::kVarint}, {2, WireType::kLength}, {3, WireType::kLength, 2}}};

Result<void> Check(const Bytes& message, UnknownFields unknown = UnknownFields::kSkip) {
  COCOS_TRY(Fields::Read(message, kRules, "message", unknown));
  return {};
}

auto Refused(std::string_view message) {
  return FailsWith(ErrorCode::kMalformed, HasSubstr(std::string(message)));
}

TEST(ProtobufFields, GivesValuesBytesAndLists) {
  const Bytes message = FromHex(
      "08960112026869"
      "1a0161"
      "1a0162");
  const Result<Fields> fields = Fields::Read(message, kRules, "message");

  ASSERT_THAT(fields, Succeeds());
  EXPECT_EQ(fields->Value(1), 150u);
  EXPECT_EQ(crypto::HexEncode(fields->Bytes(2)), "6869");
  ASSERT_EQ(fields->All(3).size(), 2u);
  EXPECT_EQ(crypto::HexEncode(fields->All(3)[1]), "62");
  EXPECT_TRUE(fields->Has(1) && fields->Has(2) && fields->Has(3));
}

TEST(ProtobufFields, OfAnEmptyMessageAreAllAbsent) {
  const Result<Fields> fields = Fields::Read({}, kRules, "message");

  ASSERT_THAT(fields, Succeeds());
  EXPECT_FALSE(fields->Has(1));
  EXPECT_EQ(fields->Value(1), 0u);
  EXPECT_TRUE(fields->Bytes(2).empty());
  EXPECT_TRUE(fields->All(3).empty());
  EXPECT_THAT(fields->Required(2), Refused("field 2 is missing"));
}

TEST(ProtobufFields, TakesAnEmptyFieldForAMissingOne) {
  const Bytes message = FromHex("1200");
  EXPECT_THAT(Fields::Read(message, kRules, "message")->Required(2), Refused("missing"));
}

TEST(ProtobufMessage, RefusesASingularFieldTwice) {
  EXPECT_THAT(Check(FromHex("0801")), Succeeds());
  EXPECT_THAT(Check(FromHex("08010801")), Refused("field 1 more than 1 times"));
  EXPECT_THAT(Check(FromHex("12001200")), Refused("field 2 more than 1 times"));
}

TEST(ProtobufMessage, RefusesMoreOfARepeatedFieldThanItsRule) {
  EXPECT_THAT(Check(FromHex("1a001a00")), Succeeds());
  EXPECT_THAT(Check(FromHex("1a001a001a00")), Refused("field 3 more than 2 times"));
}

TEST(ProtobufMessage, RefusesAnotherWireType) {
  EXPECT_THAT(Check(FromHex("0a00")), Refused("wire type 2, want 0"));
  EXPECT_THAT(Check(FromHex("1000")), Refused("wire type 0, want 2"));
  EXPECT_THAT(Check(FromHex("110000000000000000")), Refused("wire type 1, want 2"));
  EXPECT_THAT(Check(FromHex("1500000000")), Refused("wire type 5, want 2"));
}

TEST(ProtobufMessage, RefusesGroupsAndUnknownWireTypes) {
  for (const auto* hex : {"7b", "7c", "7e00", "7f00", "0b", "0c"}) {
    EXPECT_THAT(Check(FromHex(hex)), Refused("of wire type")) << hex;
  }
}

TEST(ProtobufMessage, RefusesFieldNumbersOutOfRange) {
  EXPECT_THAT(Check(FromHex("0000")), Refused("field number 0"));
  EXPECT_THAT(Check(FromHex("f8ffffff0f00")), Succeeds());
  EXPECT_THAT(Check(FromHex("808080801000")), Refused("field number 536870912"));
}

TEST(ProtobufMessage, SkipsUnknownFieldsOfEveryKind) {
  EXPECT_THAT(Check(FromHex("7801"
                            "7d01020304"
                            "790102030405060708"
                            "7a0161"
                            "0801")),
              Succeeds());
}

TEST(ProtobufMessage, RefusesUnknownFieldsWhereNoneMayBeLost) {
  EXPECT_THAT(Check(FromHex("7801"), UnknownFields::kRefuse), Refused("unknown field 15"));
  EXPECT_THAT(Check(FromHex("0801"), UnknownFields::kRefuse), Succeeds());
}

TEST(ProtobufMessage, BoundsTheNumberOfUnknownFields) {
  Bytes message;
  for (std::size_t i = 0; i < kMaxUnknownFields; ++i) {
    message = Joined({message, FromHex("7800")});
  }
  EXPECT_THAT(Check(message), Succeeds());
  EXPECT_THAT(Check(Joined({message, FromHex("7800")})), Refused("unknown field 15"));
}

TEST(ProtobufMessage, RefusesOverlongVarints) {
  EXPECT_THAT(Check(FromHex("0800")), Succeeds());
  EXPECT_THAT(Check(FromHex("088000")), Refused("over-long"));
  EXPECT_THAT(Check(FromHex("880001")), Refused("over-long"));
  EXPECT_THAT(Check(FromHex("128000")), Refused("over-long"));
}

TEST(ProtobufMessage, TakesVarintsOf64BitsAndNoMore) {
  EXPECT_THAT(Check(FromHex("08ffffffffffffffffff01")), Succeeds());
  EXPECT_THAT(Check(FromHex("08ffffffffffffffffff02")), Refused("64 bits"));
  EXPECT_THAT(Check(FromHex("08ffffffffffffffffffff01")), Refused("64 bits"));
}

TEST(ProtobufMessage, RefusesLengthsBeyondTheMessage) {
  EXPECT_THAT(Check(FromHex("120161")), Succeeds());
  EXPECT_THAT(Check(FromHex("120261")), Refused("2 bytes, 1 are left"));
  EXPECT_THAT(Check(FromHex("12ffffffffffffffffff01")), Refused("0 are left"));
}

TEST(ProtobufMessage, RefusesEveryTruncationInsideAField) {
  for (const auto* hex : {"08", "0896", "12", "1202", "120261", "79", "7901020304", "7d010203"}) {
    EXPECT_THAT(Check(FromHex(hex)), FailsWith(ErrorCode::kMalformed)) << hex;
  }
}

}  // namespace
}  // namespace cocos::attestation::protobuf
