#include "attestation/cbor/item.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/cbor/utf8.h"
#include "attestation/cbor/writer.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"

namespace cocos::attestation::cbor {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::BytesOf;
using ::testing::HasSubstr;

std::vector<std::byte> Hex(std::string_view text) { return crypto::HexDecode(text).value(); }

// The item must not outlive its bytes: these tests only ask whether there is one.
Result<Type> ParseHex(std::string_view text, const Limits& limits = {}) {
  const std::vector<std::byte> bytes = Hex(text);
  const Item item = COCOS_TRY(Parse(bytes, "document", limits));
  return item.type();
}

auto Refused(std::string_view message) {
  return FailsWith(ErrorCode::kMalformed, HasSubstr(std::string(message)));
}

std::string Repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(CborParse, ReadsUnsignedIntegersInTheirShortestForm) {
  const std::vector<std::pair<std::string, std::uint64_t>> cases = {
      {"00", 0},
      {"17", 23},
      {"1818", 24},
      {"18ff", 255},
      {"190100", 256},
      {"19ffff", 65535},
      {"1a00010000", 65536},
      {"1affffffff", 4294967295},
      {"1b0000000100000000", 4294967296},
      {"1bffffffffffffffff", 18446744073709551615u}};
  for (const auto& [hex, value] : cases) {
    const auto bytes = Hex(hex);
    EXPECT_EQ(Parse(bytes, "x").value().Unsigned("x").value(), value) << hex;
  }
}

TEST(CborParse, RefusesIntegersInALongerForm) {
  for (const auto* hex : {"1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "3817", "3900ff"}) {
    EXPECT_THAT(ParseHex(hex), Refused("shortest form")) << hex;
  }
}

TEST(CborParse, RefusesLengthsCountsAndTagsInALongerForm) {
  for (const auto* hex : {"580141", "780141", "980100", "b8010000", "d80100"}) {
    EXPECT_THAT(ParseHex(hex), Refused("shortest form")) << hex;
  }
}

TEST(CborParse, ReadsNegativeIntegersDownToTheSmallest) {
  const auto minus_one = Hex("20");
  const auto smallest = Hex("3b7fffffffffffffff");
  const auto smaller = Hex("3b8000000000000000");

  EXPECT_EQ(Parse(minus_one, "x").value().Integer("x").value(), -1);
  EXPECT_EQ(Parse(smallest, "x").value().Integer("x").value(), INT64_MIN);
  EXPECT_THAT(Parse(smaller, "x").value().Integer("x"), Refused("out of range"));
}

TEST(CborParse, RefusesAnUnsignedIntegerAboveInt64AsInteger) {
  const auto largest = Hex("1b7fffffffffffffff");
  const auto larger = Hex("1b8000000000000000");

  EXPECT_EQ(Parse(largest, "x").value().Integer("x").value(), INT64_MAX);
  EXPECT_THAT(Parse(larger, "x").value().Integer("x"), Refused("out of range"));
}

TEST(CborParse, ReadsStrings) {
  const auto bytes = Hex("43010203");
  const auto text = Hex("6568656c6c6f");

  EXPECT_EQ(crypto::HexEncode(Parse(bytes, "x").value().Bytes("x").value()), "010203");
  EXPECT_EQ(Parse(text, "x").value().Text("x").value(), "hello");
}

TEST(CborParse, KnowsEmptyStringsArraysAndMaps) {
  const auto bytes = Hex("40");
  const auto array = Hex("80");
  const auto map = Hex("a0");

  EXPECT_TRUE(Parse(bytes, "x").value().Bytes("x").value().empty());
  EXPECT_TRUE(Parse(array, "x").value().Array("x").value().empty());
  EXPECT_TRUE(Parse(map, "x").value().Map("x").value().empty());
}

TEST(CborParse, RefusesAStringLongerThanItsDocument) {
  EXPECT_THAT(ParseHex("43010203"), Succeeds());
  EXPECT_THAT(ParseHex("430102"), Refused("3 bytes, 2 are left"));
  EXPECT_THAT(ParseHex("5b7fffffffffffffff"), Refused("0 are left"));
  EXPECT_THAT(ParseHex("7bffffffffffffffff"), Refused("0 are left"));
}

TEST(CborParse, RefusesTextThatIsNotUtf8) {
  EXPECT_THAT(ParseHex("62c3a9"), Succeeds());
  EXPECT_THAT(ParseHex("62c3a8"), Succeeds());
  EXPECT_THAT(ParseHex("62c328"), Refused("UTF-8"));
  EXPECT_THAT(ParseHex("61ff"), Refused("UTF-8"));
}

TEST(CborParse, KnowsFalseTrueAndNullAlone) {
  const auto no = Hex("f4");
  const auto yes = Hex("f5");
  const auto null = Hex("f6");

  EXPECT_FALSE(Parse(no, "x").value().Bool("x").value());
  EXPECT_TRUE(Parse(yes, "x").value().Bool("x").value());
  EXPECT_TRUE(Parse(null, "x").value().is_null());
  for (const auto* hex :
       {"f3", "f7", "f818", "f8ff", "f97e00", "fa7fc00000", "fb7ff8000000000000"}) {
    EXPECT_THAT(ParseHex(hex), Refused("simple value or float")) << hex;
  }
}

TEST(CborParse, RefusesIndefiniteLengths) {
  for (const auto* hex : {"5f4101ff", "7f6161ff", "9f01ff", "bf0101ff"}) {
    EXPECT_THAT(ParseHex(hex), Refused("indefinite")) << hex;
  }
  EXPECT_THAT(ParseHex("ff"), Refused("break"));
}

TEST(CborParse, RefusesReservedLengthForms) {
  for (const auto* hex : {"1c", "1d", "1e", "3c", "5d", "7e", "9c", "bd", "de"}) {
    EXPECT_THAT(ParseHex(hex), Refused("reserved")) << hex;
  }
  EXPECT_THAT(ParseHex("1f"), Refused("indefinite"));
}

TEST(CborParse, RefusesEveryTruncation) {
  const auto whole = Hex("a3016568656c6c6f0a4401020304617883d82a01f6f5");
  ASSERT_THAT(Parse(whole, "x"), Succeeds());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(Parse(std::span(whole).first(size), "x"), FailsWith(ErrorCode::kMalformed)) << size;
  }
}

TEST(CborParse, RefusesBytesBehindTheItem) {
  EXPECT_THAT(ParseHex("01"), Succeeds());
  EXPECT_THAT(ParseHex("0101"), Refused("1 bytes more"));
}

TEST(CborParse, RefusesNestingDeeperThanTheLimit) {
  EXPECT_THAT(ParseHex(Repeat("81", 8) + "00"), Succeeds());
  EXPECT_THAT(ParseHex(Repeat("81", 9) + "00"), Refused("nested deeper than 8"));
  EXPECT_THAT(ParseHex(Repeat("a100", 8) + "00"), Succeeds());
  EXPECT_THAT(ParseHex(Repeat("a100", 9) + "00"), Refused("nested deeper"));
  EXPECT_THAT(ParseHex(Repeat("c1", 8) + "00"), Succeeds());
  EXPECT_THAT(ParseHex(Repeat("c1", 9) + "00"), Refused("nested deeper"));
}

TEST(CborParse, TakesTheLimitsOfItsCaller) {
  EXPECT_THAT(ParseHex("8100", {.depth = 1, .entries = 1}), Succeeds());
  EXPECT_THAT(ParseHex("818100", {.depth = 1, .entries = 1}), Refused("deeper than 1"));
  EXPECT_THAT(ParseHex("820000", {.depth = 1, .entries = 1}), Refused("want up to 1"));
}

TEST(CborParse, StopsAtDeepNestingWithoutRecursion) {
  EXPECT_THAT(ParseHex(Repeat("81", 100000)), Refused("nested deeper"));
}

TEST(CborParse, RefusesMoreEntriesThanTheLimit) {
  EXPECT_THAT(ParseHex("990100" + Repeat("00", 256)), Succeeds());
  EXPECT_THAT(ParseHex("990101" + Repeat("00", 257)), Refused("257 entries"));
}

TEST(CborParse, RefusesHugeCountsBeforeReadingOn) {
  EXPECT_THAT(ParseHex("9bffffffffffffffff"), Refused("want up to 256"));
  EXPECT_THAT(ParseHex("bbffffffffffffffff"), Refused("want up to 256"));
}

TEST(CborParse, RefusesAKeyTwice) {
  EXPECT_THAT(ParseHex("a201000200"), Succeeds());
  EXPECT_THAT(ParseHex("a201000100"), Refused("twice"));
  EXPECT_THAT(ParseHex("a220002000"), Refused("twice"));
  EXPECT_THAT(ParseHex("a2616100616100"), Refused("twice"));
}

TEST(CborParse, RefusesAKeyTwiceWhereverItIs) {
  EXPECT_THAT(ParseHex("a3010002000100"), Refused("twice"));
  EXPECT_THAT(ParseHex("81a201000100"), Refused("twice"));
  EXPECT_THAT(ParseHex("a101a2616100616100"), Refused("twice"));
}

TEST(CborParse, RefusesKeysThatDifferInCaseAlone) {
  EXPECT_THAT(ParseHex("a2616100616200"), Succeeds());
  EXPECT_THAT(ParseHex("a2616100614100"), Refused("twice"));
  EXPECT_THAT(ParseHex("a263614263006341626300"), Refused("twice"));
}

// 0x41 and 0x61 are letters only in text: as integers they are 65 and 97.
TEST(CborParse, DoesNotTakeIntegersForLetters) {
  EXPECT_THAT(ParseHex("a2184100186100"), Succeeds());
  EXPECT_THAT(ParseHex("a219414100"
                       "19616100"),
              Succeeds());
}

TEST(CborParse, KeepsKeysOfDifferentLengthsApart) {
  const std::string short_key = "7841" + Repeat("61", 65);
  const std::string long_key = "7861" + Repeat("61", 97);
  EXPECT_THAT(ParseHex("a2" + short_key + "00" + long_key + "00"), Succeeds());
  EXPECT_THAT(ParseHex("a2" + short_key + "00" + short_key + "00"), Refused("twice"));
}

TEST(CborParse, RefusesKeysOfOtherTypes) {
  for (const auto* hex : {"a1410100", "a1800000", "a1a00000", "a1f500", "a1f600", "a1c10000"}) {
    EXPECT_THAT(ParseHex(hex), Refused("map key is a")) << hex;
  }
}

TEST(CborParse, RefusesKeysOutsideOfAscii) {
  EXPECT_THAT(ParseHex("a162c3a900"), Refused("ASCII"));
  EXPECT_THAT(ParseHex("a1610000"), Refused("ASCII"));
  EXPECT_THAT(ParseHex("a1617f00"), Refused("ASCII"));
  EXPECT_THAT(ParseHex("a1617e00"), Succeeds());
}

TEST(CborParse, RefusesAKeyLongerThanItsDocument) {
  EXPECT_THAT(ParseHex("a17b7fffffffffffffff"), Refused("map key"));
}

TEST(CborParse, DoesNotAskForSortedKeys) { EXPECT_THAT(ParseHex("a202000100"), Succeeds()); }

TEST(CborItem, GivesTheElementsOfAnArrayInOrder) {
  const auto bytes = Hex("83014102820304");
  const auto items = Parse(bytes, "x").value().Array("x").value();

  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0].Unsigned("x").value(), 1u);
  EXPECT_EQ(items[1].type(), Type::kBytes);
  EXPECT_EQ(crypto::HexEncode(items[2].encoded()), "820304");
}

TEST(CborItem, FindsMembersByKey) {
  const auto bytes = Hex("a3010220036161f5");
  const auto members = Parse(bytes, "x").value().Map("x").value();

  ASSERT_EQ(members.size(), 3u);
  ASSERT_NE(Find(members, 1), nullptr);
  EXPECT_EQ(Find(members, 1)->Unsigned("x").value(), 2u);
  EXPECT_EQ(Find(members, -1)->Unsigned("x").value(), 3u);
  EXPECT_TRUE(Find(members, "a")->Bool("x").value());
  EXPECT_EQ(Find(members, 2), nullptr);
  EXPECT_EQ(Find(members, "A"), nullptr);
  EXPECT_EQ(Find(members, ""), nullptr);
}

TEST(CborItem, OpensTheTagThatIsAskedFor) {
  const auto bytes = Hex("d2820102");
  const Item item = Parse(bytes, "x").value();

  EXPECT_EQ(item.Tagged(18, "x").value().Array("x").value().size(), 2u);
  EXPECT_THAT(item.Tagged(17, "x"), Refused("tag 18, want 17"));
}

TEST(CborItem, RefusesToBeReadAsAnotherType) {
  const auto number = Hex("01");
  const auto text = Hex("6161");
  const Item one = Parse(number, "x").value();
  const Item letter = Parse(text, "x").value();

  EXPECT_THAT(one.Text("claim"), Refused("claim: unsigned integer, want a text string"));
  EXPECT_THAT(one.Bytes("claim"), Refused("want a byte string"));
  EXPECT_THAT(one.Array("claim"), Refused("want a array"));
  EXPECT_THAT(one.Map("claim"), Refused("want a map"));
  EXPECT_THAT(one.Bool("claim"), Refused("want a boolean"));
  EXPECT_THAT(one.Tagged(1, "claim"), Refused("want a tag"));
  EXPECT_THAT(letter.Unsigned("claim"), Refused("want a unsigned"));
  EXPECT_THAT(letter.Integer("claim"), Refused("want a unsigned"));
  EXPECT_THAT(letter.Bytes("claim"), Refused("want a byte string"));
}

TEST(Utf8, HasOneFormForEachCharacter) {
  const std::vector<std::string> good = {"",       "61",     "c280",   "dfbf",     "e0a080",
                                         "ed9fbf", "ee8080", "efbfbf", "f0908080", "f48fbfbf"};
  for (const std::string& hex : good) {
    EXPECT_TRUE(IsUtf8(Hex(hex))) << hex;
  }
  const std::vector<std::string> bad = {"80",       "c0af",     "c1bf",   "c2",       "c27f",
                                        "e09fbf",   "eda080",   "edbfbf", "e28082c2", "f08fbfbf",
                                        "f4908080", "f5808080", "ff",     "f09080"};
  for (const std::string& hex : bad) {
    EXPECT_FALSE(IsUtf8(Hex(hex))) << hex;
  }
}

}  // namespace
}  // namespace cocos::attestation::cbor
