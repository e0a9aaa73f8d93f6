#include "crypto/asn1.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "support/result_matchers.h"

namespace cocos::crypto {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using Kind = Asn1Value::Kind;

Result<Asn1Value> Parse(std::string_view hex) { return ParseDer(HexDecode(hex).value()); }

std::string Content(std::string_view hex) { return HexEncode(Parse(hex).value().content); }

// The length octets and content of a value with this tag, in hexadecimal.
std::string Wrap(std::string_view tag, const std::string& content) {
  const std::size_t size = content.size() / 2;
  const std::string length = size < 0x80    ? fmt::format("{:02x}", size)
                             : size < 0x100 ? fmt::format("81{:02x}", size)
                                            : fmt::format("82{:04x}", size);
  return std::string(tag) + length + content;
}

TEST(Asn1, ReadsIntegersByMagnitudeAndSign) {
  EXPECT_EQ(Parse("020100")->kind, Kind::kInteger);
  EXPECT_EQ(Content("02017f"), "7f");
  EXPECT_EQ(Content("02020080"), "80");
  EXPECT_FALSE(Parse("02020080")->negative);
  EXPECT_EQ(Content("020180"), "80");
  EXPECT_TRUE(Parse("020180")->negative);
  EXPECT_EQ(Content("0201ff"), "01");
  EXPECT_TRUE(Parse("0201ff")->negative);
}

TEST(Asn1, RejectsIntegersThatAreNotInTheirShortestForm) {
  for (const char* const hex : {"0200", "02020001", "0202ff80", "028101ff", "0282000101"}) {
    EXPECT_THAT(Parse(hex), FailsWith(ErrorCode::kMalformed)) << hex;
  }
}

TEST(Asn1, TellsIntegersAndEnumeratedApart) {
  EXPECT_EQ(Parse("0a0105")->kind, Kind::kEnumerated);
  EXPECT_EQ(Parse("0a0105")->Unsigned(5).value(), 5u);
  EXPECT_TRUE(Parse("0a01ff")->negative);
}

TEST(Asn1, ReadsStringsByTheirKind) {
  EXPECT_EQ(Parse("0403010203")->kind, Kind::kOctetString);
  EXPECT_EQ(Content("0403010203"), "010203");
  EXPECT_EQ(Content("0400"), "");
  EXPECT_EQ(Parse("16034d696c")->kind, Kind::kIa5String);
  EXPECT_EQ(Content("16034d696c"), "4d696c");
  EXPECT_EQ(Parse("0c0161")->kind, Kind::kUtf8String);
  EXPECT_EQ(Parse("130141")->kind, Kind::kPrintableString);
}

TEST(Asn1, ReadsTruthValuesOfDerAlone) {
  EXPECT_EQ(Parse("0101ff")->kind, Kind::kBoolean);
  EXPECT_EQ(Parse("0101ff")->Unsigned(1).value(), 1u);
  EXPECT_EQ(Parse("010100")->Unsigned(1).value(), 0u);
  EXPECT_THAT(Parse("010101"), FailsWith(ErrorCode::kMalformed, HasSubstr("neither 0 nor 255")));
  EXPECT_THAT(Parse("3003010101"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("0100"), FailsWith(ErrorCode::kMalformed));
}

TEST(Asn1, ReadsObjectIds) {
  EXPECT_EQ(Parse("06082a8648ce3d040302")->kind, Kind::kObjectId);
  EXPECT_EQ(Parse("06082a8648ce3d040302")->object_id, "1.2.840.10045.4.3.2");
  EXPECT_EQ(Parse("060a2b060104019c78010301")->object_id, "1.3.6.1.4.1.3704.1.3.1");
  EXPECT_THAT(Parse("0600"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("0602802a"), FailsWith(ErrorCode::kMalformed));
}

TEST(Asn1, GivesNoTextForAnObjectIdThatIsTooLong) {
  std::string arcs = "2a";
  for (int i = 0; i < 100; ++i) arcs += "8f7f";
  const auto value = Parse(Wrap("06", arcs));
  ASSERT_THAT(value, Succeeds());
  EXPECT_EQ(value->object_id, "");
}

TEST(Asn1, ReadsNullAsAnotherKind) {
  const auto value = Parse("0500");
  ASSERT_THAT(value, Succeeds());
  EXPECT_EQ(value->kind, Kind::kOther);
  EXPECT_TRUE(value->content.empty());
  EXPECT_THAT(Parse("30020500"), Succeeds());
  EXPECT_THAT(Parse("050100"), FailsWith(ErrorCode::kMalformed));
}

TEST(Asn1, KeepsOtherTypesApart) {
  for (const char* const hex : {"a003020101", "800101", "1e020041", "3103020101",
                                "170d3236303130313030303030305a", "03020001"}) {
    const auto value = Parse(hex);
    ASSERT_THAT(value, Succeeds()) << hex;
    EXPECT_EQ(value->kind, Kind::kOther) << hex;
    EXPECT_THAT(value->Unsigned(255), FailsWith(ErrorCode::kMalformed)) << hex;
  }
}

TEST(Asn1, ReadsSequencesAsTrees) {
  const auto tree = Parse("300b0201013006040102040103");

  ASSERT_THAT(tree, Succeeds());
  EXPECT_EQ(tree->kind, Kind::kSequence);
  ASSERT_EQ(tree->elements.size(), 2u);
  EXPECT_EQ(tree->elements[0].Unsigned(9).value(), 1u);
  ASSERT_EQ(tree->elements[1].elements.size(), 2u);
  EXPECT_EQ(HexEncode(tree->elements[1].elements[1].content), "03");
  EXPECT_TRUE(Parse("3000")->elements.empty());
}

TEST(Asn1, RejectsLongFormsOfLengthsOutsideAndInside) {
  EXPECT_THAT(Parse("040101"), Succeeds());
  EXPECT_THAT(Parse("04810101"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("3003040101"), Succeeds());
  EXPECT_THAT(Parse("308103040101"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("300404810101"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("3006300404810101"), FailsWith(ErrorCode::kMalformed));
}

TEST(Asn1, RejectsIndefiniteLengthsOutsideAndInside) {
  EXPECT_THAT(Parse("30800401010000"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("300730800401010000"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("24800401010000"), FailsWith(ErrorCode::kMalformed));
}

TEST(Asn1, WantsOneValueAndNothingBehind) {
  EXPECT_THAT(Parse(""), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("02010100"), FailsWith(ErrorCode::kMalformed, HasSubstr("bytes behind")));
  EXPECT_THAT(Parse("020101020101"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("0000"), FailsWith(ErrorCode::kMalformed));
}

TEST(Asn1, GivesAValueOrAnErrorForEveryTruncation) {
  const std::string whole = "3016020101040403020100060a2b060104019c780103010500";
  for (std::size_t size = 2; size < whole.size(); size += 2) {
    EXPECT_THAT(Parse(whole.substr(0, size)), FailsWith(ErrorCode::kMalformed)) << size;
  }
}

TEST(Asn1, BoundsTheDepth) {
  std::string nested = "3000";
  for (int depth = 1; depth < 8; ++depth) nested = Wrap("30", nested);
  EXPECT_THAT(Parse(nested), Succeeds());
  EXPECT_THAT(Parse(Wrap("30", nested)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("nested too deep")));
}

TEST(Asn1, BoundsTheNumberOfValues) {
  std::string elements;
  for (int i = 0; i < 1023; ++i) elements += "0500";
  EXPECT_THAT(Parse(Wrap("30", elements)), Succeeds());
  EXPECT_THAT(Parse(Wrap("30", elements + "0500")),
              FailsWith(ErrorCode::kMalformed, HasSubstr("too many values")));
}

TEST(Asn1Unsigned, GivesNumbersUpToTheBound) {
  EXPECT_EQ(Parse("020200ff")->Unsigned(255).value(), 255u);
  EXPECT_THAT(Parse("020200ff")->Unsigned(254),
              FailsWith(ErrorCode::kMalformed, HasSubstr("number 255, want at most 254")));
  EXPECT_EQ(Parse("020100")->Unsigned(0).value(), 0u);
  EXPECT_EQ(Parse("020900ffffffffffffffff")->Unsigned(UINT64_MAX).value(), UINT64_MAX);
}

TEST(Asn1Unsigned, RefusesWhatIsNoSuchNumber) {
  EXPECT_THAT(Parse("0201ff")->Unsigned(255), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("0209010000000000000000")->Unsigned(UINT64_MAX),
              FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("040101")->Unsigned(255), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("3000")->Unsigned(255), FailsWith(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace cocos::crypto
