// The examples of RFC 8949 appendix A, all of them: what is of the subset is read as the value that
// the RFC gives and written as the same bytes; everything else is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/cbor/item.h"
#include "attestation/cbor/writer.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"

namespace cocos::attestation::cbor {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::HexEncode;
using ::testing::HasSubstr;

std::vector<std::byte> Hex(std::string_view text) { return crypto::HexDecode(text).value(); }

// An item in the diagnostic notation of RFC 8949 section 8.
std::string Diagnose(const Item& item);

std::string DiagnoseNegative(const Item& item) {
  const Result<std::int64_t> value = item.Integer("x");
  return value ? std::to_string(*value) : "below int64";
}

std::string DiagnoseArray(const Item& item) {
  std::string text;
  const std::vector<Item> items = item.Array("x").value();
  for (const Item& each : items) {
    text += (text.empty() ? "" : ", ") + Diagnose(each);
  }
  return "[" + text + "]";
}

std::string DiagnoseMap(const Item& item) {
  std::string text;
  const std::vector<Member> members = item.Map("x").value();
  for (const Member& each : members) {
    text += (text.empty() ? "" : ", ") + Diagnose(each.key) + ": " + Diagnose(each.value);
  }
  return "{" + text + "}";
}

std::string Diagnose(const Item& item) {
  switch (item.type()) {
    case Type::kUnsigned:
      return std::to_string(item.Unsigned("x").value());
    case Type::kNegative:
      return DiagnoseNegative(item);
    case Type::kBytes:
      return "h'" + HexEncode(item.Bytes("x").value()) + "'";
    case Type::kText:
      return "\"" + std::string(item.Text("x").value()) + "\"";
    case Type::kArray:
      return DiagnoseArray(item);
    case Type::kMap:
      return DiagnoseMap(item);
    case Type::kTag:
      break;
    case Type::kBool:
      return item.Bool("x").value() ? "true" : "false";
    case Type::kNull:
      return "null";
  }
  // Only the tags of the appendix: an item does not tell its tag, it is asked for one.
  for (const std::uint64_t tag : {1u, 2u, 3u, 23u, 24u, 32u, 0u}) {
    if (const auto inside = item.Tagged(tag, "x")) {
      return std::to_string(tag) + "(" + Diagnose(*inside) + ")";
    }
  }
  return "unknown tag";
}

// The same item, written anew from its values.
Encoding Rewrite(const Item& item);

Encoding RewriteMap(const Item& item) {
  MapEncoder map;
  const std::vector<Member> members = item.Map("x").value();
  for (const Member& each : members) {
    if (each.key.type() == Type::kText) {
      map.Add(each.key.Text("x").value(), Rewrite(each.value));
    } else {
      map.Add(each.key.Integer("x").value(), Rewrite(each.value));
    }
  }
  return map.Encode();
}

Encoding Rewrite(const Item& item) {
  switch (item.type()) {
    case Type::kUnsigned:
      return EncodeUnsigned(item.Unsigned("x").value());
    case Type::kNegative:
      return EncodeInteger(item.Integer("x").value());
    case Type::kBytes:
      return EncodeBytes(item.Bytes("x").value());
    case Type::kText:
      return EncodeText(item.Text("x").value());
    case Type::kArray: {
      const std::vector<Item> items = item.Array("x").value();
      std::vector<Encoding> rewritten;
      for (const Item& each : items) rewritten.push_back(Rewrite(each));
      return EncodeArray(rewritten);
    }
    case Type::kMap:
      return RewriteMap(item);
    case Type::kBool:
      return EncodeBool(item.Bool("x").value());
    case Type::kNull:
      return EncodeNull();
    case Type::kTag:
      break;
  }
  for (const std::uint64_t tag : {1u, 2u, 3u, 23u, 24u, 32u, 0u}) {
    if (const auto inside = item.Tagged(tag, "x")) return EncodeTagged(tag, Rewrite(*inside));
  }
  return {};
}

struct Example {
  const char* hex;
  const char* diagnostic;
};

constexpr Example kOfTheSubset[] = {
    {"00", "0"},
    {"01", "1"},
    {"0a", "10"},
    {"17", "23"},
    {"1818", "24"},
    {"1819", "25"},
    {"1864", "100"},
    {"1903e8", "1000"},
    {"1a000f4240", "1000000"},
    {"1b000000e8d4a51000", "1000000000000"},
    {"1bffffffffffffffff", "18446744073709551615"},
    {"c249010000000000000000", "2(h'010000000000000000')"},
    {"c349010000000000000000", "3(h'010000000000000000')"},
    {"20", "-1"},
    {"29", "-10"},
    {"3863", "-100"},
    {"3903e7", "-1000"},
    {"f4", "false"},
    {"f5", "true"},
    {"f6", "null"},
    {"c074323031332d30332d32315432303a30343a30305a", "0(\"2013-03-21T20:04:00Z\")"},
    {"c11a514b67b0", "1(1363896240)"},
    {"d74401020304", "23(h'01020304')"},
    {"d818456449455446", "24(h'6449455446')"},
    {"d82076687474703a2f2f7777772e6578616d706c652e636f6d", "32(\"http://www.example.com\")"},
    {"40", "h''"},
    {"4401020304", "h'01020304'"},
    {"60", "\"\""},
    {"6161", "\"a\""},
    {"6449455446", "\"IETF\""},
    {"62225c", "\"\"\\\""},
    {"62c3bc", "\"\u00fc\""},
    {"63e6b0b4", "\"\u6c34\""},
    {"64f0908591", "\"\U00010151\""},
    {"80", "[]"},
    {"83010203", "[1, 2, 3]"},
    {"8301820203820405", "[1, [2, 3], [4, 5]]"},
    {"98190102030405060708090a0b0c0d0e0f101112131415161718181819",
     "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]"},
    {"a0", "{}"},
    {"a201020304", "{1: 2, 3: 4}"},
    {"a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}"},
    {"826161a161626163", "[\"a\", {\"b\": \"c\"}]"},
};

TEST(Rfc8949, ExamplesOfTheSubsetAreReadAsTheRfcSays) {
  for (const Example& example : kOfTheSubset) {
    const auto bytes = Hex(example.hex);
    const Result<Item> item = Parse(bytes, "example");
    ASSERT_THAT(item, Succeeds()) << example.hex;
    EXPECT_EQ(Diagnose(*item), example.diagnostic) << example.hex;
  }
}

TEST(Rfc8949, ExamplesOfTheSubsetAreWrittenAsTheRfcSays) {
  for (const Example& example : kOfTheSubset) {
    const auto bytes = Hex(example.hex);
    EXPECT_EQ(HexEncode(Rewrite(Parse(bytes, "example").value())), example.hex);
  }
}

TEST(Rfc8949, ExamplesOfTheSubsetAreRefusedWhenTheyAreCutOrGoOn) {
  for (const Example& example : kOfTheSubset) {
    auto bytes = Hex(example.hex);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_THAT(Parse(std::span(bytes).first(size), "example"), FailsWith(ErrorCode::kMalformed))
          << example.hex << ", " << size;
    }
    bytes.push_back(std::byte{0xf6});
    EXPECT_THAT(Parse(bytes, "example"),
                FailsWith(ErrorCode::kMalformed, HasSubstr("1 bytes more")))
        << example.hex;
  }
}

// In the appendix its keys are all text; the limit on nesting and entries is far away.
TEST(Rfc8949, ReadsItsLargerMap) {
  const auto bytes = Hex("a56161614161626142616361436164614461656145");
  const Result<Item> item = Parse(bytes, "example");

  ASSERT_THAT(item, Succeeds());
  EXPECT_EQ(Diagnose(*item),
            "{\"a\": \"A\", \"b\": \"B\", \"c\": \"C\", \"d\": \"D\", \"e\": \"E\"}");
  EXPECT_EQ(HexEncode(Rewrite(*item)), HexEncode(bytes));
}

// A value that only a bignum or 65 bits hold: well-formed, but no number of ours.
TEST(Rfc8949, ReadsTheSmallestNegativeIntegerButGivesNoNumberForIt) {
  const auto bytes = Hex("3bffffffffffffffff");
  const Result<Item> item = Parse(bytes, "example");

  ASSERT_THAT(item, Succeeds());
  EXPECT_EQ(item->type(), Type::kNegative);
  EXPECT_THAT(item->Integer("example"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("out of range")));
}

TEST(Rfc8949, FloatsAreRefused) {
  for (const char* hex : {"f90000",
                          "f98000",
                          "f93c00",
                          "fb3ff199999999999a",
                          "f93e00",
                          "f97bff",
                          "fa47c35000",
                          "fa7f7fffff",
                          "fb7e37e43c8800759c",
                          "f90001",
                          "f90400",
                          "f9c400",
                          "fbc010666666666666",
                          "f97c00",
                          "f97e00",
                          "f9fc00",
                          "fa7f800000",
                          "fa7fc00000",
                          "faff800000",
                          "fb7ff0000000000000",
                          "fb7ff8000000000000",
                          "fbfff0000000000000"}) {
    const auto bytes = Hex(hex);
    EXPECT_THAT(Parse(bytes, "example"),
                FailsWith(ErrorCode::kMalformed, HasSubstr("simple value or float")))
        << hex;
  }
}

TEST(Rfc8949, OtherSimpleValuesAreRefused) {
  for (const char* hex : {"f7", "f0", "f8ff"}) {
    const auto bytes = Hex(hex);
    EXPECT_THAT(Parse(bytes, "example"),
                FailsWith(ErrorCode::kMalformed, HasSubstr("simple value or float")))
        << hex;
  }
}

TEST(Rfc8949, IndefiniteLengthsAreRefused) {
  for (const char* hex :
       {"5f42010243030405ff", "7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff",
        "9f01820203820405ff", "83018202039f0405ff", "83019f0203ff820405",
        "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", "bf61610161629f0203ffff",
        "826161bf61626163ff", "bf6346756ef563416d7421ff"}) {
    const auto bytes = Hex(hex);
    EXPECT_THAT(Parse(bytes, "example"),
                FailsWith(ErrorCode::kMalformed, HasSubstr("indefinite length")))
        << hex;
  }
}

// A tag is no way around what is refused without it.
TEST(Rfc8949, ATaggedFloatIsRefused) {
  const auto bytes = Hex("c1fb41d452d9ec200000");
  EXPECT_THAT(Parse(bytes, "example"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("simple value or float")));
}

// RFC 8949 appendix F: items that are not well-formed, by what is wrong with them.
TEST(Rfc8949, ItemsThatAreNotWellFormedAreRefused) {
  for (const char* hex : {// The end comes within a head.
                          "18", "19", "1a", "1b", "1901", "1a0102", "1b01020304050607", "38", "58",
                          "78", "98", "9a01ff00", "b8", "d8", "f8", "f900", "fa0000", "fb000000",
                          // A definite string is not whole.
                          "41", "61", "5affffffff00", "5bffffffffffffffff010203", "7affffffff00",
                          "7b7fffffffffffffff010203",
                          // A definite array or map is not whole.
                          "81", "818181818181818181", "8200", "a1", "a20102", "a100", "a2000000",
                          // A tag has nothing behind it.
                          "c0",
                          // Reserved heads.
                          "1c", "1d", "1e", "3c", "3d", "3e", "5c", "5d", "5e", "7c", "7d", "7e",
                          "9c", "9d", "9e", "bc", "bd", "be", "dc", "dd", "de", "fc", "fd", "fe",
                          // Simple values in a form that is reserved for others.
                          "f800", "f801", "f818", "f81f",
                          // A break where no indefinite item is open.
                          "ff", "81ff", "8200ff", "a1ff", "a1ff00", "a100ff", "a20000ff",
                          // Indefinite lengths of types that have none.
                          "1f", "3f", "df"}) {
    const auto bytes = Hex(hex);
    EXPECT_THAT(Parse(bytes, "example"), FailsWith(ErrorCode::kMalformed, HasSubstr("example: ")))
        << hex;
  }
}

}  // namespace
}  // namespace cocos::attestation::cbor
