#include "attestation/cbor/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/cbor/item.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"

namespace cocos::attestation::cbor {
namespace {

using cocos::testing::Succeeds;
using crypto::BytesOf;
using crypto::HexEncode;

// Examples of RFC 8949 appendix A.
TEST(CborWriter, WritesTheExamplesOfTheStandard) {
  EXPECT_EQ(HexEncode(EncodeUnsigned(0)), "00");
  EXPECT_EQ(HexEncode(EncodeUnsigned(23)), "17");
  EXPECT_EQ(HexEncode(EncodeUnsigned(24)), "1818");
  EXPECT_EQ(HexEncode(EncodeUnsigned(1000)), "1903e8");
  EXPECT_EQ(HexEncode(EncodeUnsigned(1000000)), "1a000f4240");
  EXPECT_EQ(HexEncode(EncodeUnsigned(18446744073709551615u)), "1bffffffffffffffff");
  EXPECT_EQ(HexEncode(EncodeInteger(-1)), "20");
  EXPECT_EQ(HexEncode(EncodeInteger(-1000)), "3903e7");
  EXPECT_EQ(HexEncode(EncodeBytes(BytesOf("\x01\x02\x03\x04"))), "4401020304");
  EXPECT_EQ(HexEncode(EncodeText("IETF")), "6449455446");
  EXPECT_EQ(HexEncode(EncodeText("")), "60");
  EXPECT_EQ(HexEncode(EncodeBool(false)), "f4");
  EXPECT_EQ(HexEncode(EncodeBool(true)), "f5");
  EXPECT_EQ(HexEncode(EncodeNull()), "f6");
  EXPECT_EQ(HexEncode(EncodeTagged(1, EncodeUnsigned(1363896240))), "c11a514b67b0");
}

TEST(CborWriter, TakesTheShortestFormOnBothSidesOfEachBorder) {
  EXPECT_EQ(EncodeUnsigned(255).size(), 2u);
  EXPECT_EQ(EncodeUnsigned(256).size(), 3u);
  EXPECT_EQ(EncodeUnsigned(65535).size(), 3u);
  EXPECT_EQ(EncodeUnsigned(65536).size(), 5u);
  EXPECT_EQ(EncodeUnsigned(4294967295u).size(), 5u);
  EXPECT_EQ(EncodeUnsigned(4294967296u).size(), 9u);
}

TEST(CborWriter, WritesTheEndsOfInt64) {
  EXPECT_EQ(HexEncode(EncodeInteger(INT64_MIN)), "3b7fffffffffffffff");
  EXPECT_EQ(HexEncode(EncodeInteger(INT64_MAX)), "1b7fffffffffffffff");
}

TEST(CborWriter, WritesArraysOfItems) {
  EXPECT_EQ(HexEncode(EncodeArray({EncodeUnsigned(1), EncodeArray({EncodeUnsigned(2)})})),
            "82018102");
  EXPECT_EQ(HexEncode(EncodeArray({})), "80");
}

// RFC 8949 section 4.2.1: bytewise order of the encoded keys.
TEST(CborWriter, SortsMapKeysByTheirEncoding) {
  const Encoding map = MapEncoder()
                           .Add("aa", EncodeNull())
                           .Add("z", EncodeNull())
                           .Add(-1, EncodeNull())
                           .Add(100, EncodeNull())
                           .Add(10, EncodeNull())
                           .Encode();

  EXPECT_EQ(HexEncode(map), "a50af61864f620f6617af6626161f6");
}

TEST(CborWriter, WritesTheSameMapFromAnyOrder) {
  const Encoding one = MapEncoder().Add(1, EncodeNull()).Add(2, EncodeNull()).Encode();
  const Encoding other = MapEncoder().Add(2, EncodeNull()).Add(1, EncodeNull()).Encode();

  EXPECT_EQ(one, other);
  EXPECT_EQ(HexEncode(MapEncoder().Encode()), "a0");
}

TEST(CborWriterDeathTest, EndsTheProcessWhenAKeyComesTwice) {
  EXPECT_DEATH(MapEncoder().Add(1, EncodeNull()).Add(1, EncodeNull()), "");
}

TEST(CborWriter, WritesWhatTheReaderTakes) {
  const Encoding document = EncodeTagged(
      506, MapEncoder()
               .Add(0, EncodeText("id"))
               .Add("list", EncodeArray({EncodeBytes(BytesOf("abc")), EncodeInteger(-7),
                                         EncodeBool(true), EncodeNull()}))
               .Encode());

  const Result<Item> item = Parse(document, "document");
  ASSERT_THAT(item, Succeeds());
  const auto members = item->Tagged(506, "document").value().Map("document").value();
  EXPECT_EQ(Find(members, std::int64_t{0})->Text("id").value(), "id");
  EXPECT_EQ(Find(members, "list")->Array("list").value().at(1).Integer("x").value(), -7);
}

}  // namespace
}  // namespace cocos::attestation::cbor
