// Typed reading of signed JSON, each function by itself.
#include "attestation/tdx/json_fields.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "crypto/digest.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

Result<JsonFields> Parse(std::string_view text) {
  return JsonFields::Parse(crypto::BytesOf(text), "piece");
}

JsonFields Fields(std::string_view text) { return Parse(text).value(); }

auto Wants(const std::string& text) {
  return FailsWith(ErrorCode::kMalformed, ::testing::StrEq("piece.a: want " + text));
}

TEST(TdxJsonFields, AreThoseOfOneObject) {
  for (const std::string_view text : {"{}", " {} ", "{\"a\":1}", "{\"a\":{\"a\":{}}}"}) {
    EXPECT_THAT(Parse(text), Succeeds()) << text;
  }
  for (const std::string_view text : {"",
                                      " ",
                                      "[]",
                                      "1",
                                      "\"a\"",
                                      "null",
                                      "true",
                                      "{",
                                      "}",
                                      "{}{}",
                                      "{} x",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\":1,}",
                                      "{\"a\":01}",
                                      "{\"a\":+1}",
                                      "{\"a\":NaN}",
                                      "{\"a\":1 // one\n}",
                                      "{\"a\":\"\n\"}",
                                      "{\"a\":\"\\x\"}",
                                      "{\"a\":\"\xff\"}",
                                      "\xef\xbb{}"}) {
    EXPECT_THAT(Parse(text), FailsWith(ErrorCode::kMalformed, HasSubstr("piece"))) << text;
  }
}

TEST(TdxJsonFields, HaveEachNameOnceWhateverItsSpelling) {
  for (const std::string_view text :
       {"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"a\":3}", "{\"x\":{\"a\":1,\"a\":2}}",
        "{\"x\":[{\"a\":1,\"a\":2}]}", "{\"a\":1,\"\\u0061\":1}", "{\"\":1,\"\":1}"}) {
    EXPECT_THAT(Parse(text), FailsWith(ErrorCode::kMalformed, HasSubstr("twice"))) << text;
  }
  for (const std::string_view text :
       {"{\"a\":1,\"A\":1}", "{\"a\":{\"a\":1}}", "{\"x\":[{\"a\":1},{\"a\":2}]}",
        "{\"x\":{\"a\":1},\"y\":{\"a\":1},\"a\":1}"}) {
    EXPECT_THAT(Parse(text), Succeeds()) << text;
  }
}

// Many objects and many names: the names of one object do not leak into the next.
TEST(TdxJsonFields, FindANameThatIsThereTwiceAmongMany) {
  for (const int twice : {0, 1, 500, 999}) {
    std::string text = "{";
    for (int i = 0; i < 1000; ++i) text += fmt::format("\"m{}\":[{{\"a\":1,\"b\":2}}],", i);
    EXPECT_THAT(Parse(text + "\"z\":1}"), Succeeds());
    EXPECT_THAT(Parse(text + fmt::format("\"m{}\":1}}", twice)),
                FailsWith(ErrorCode::kMalformed, HasSubstr("twice")));
  }
}

TEST(TdxJsonFields, AreNestedAtMostSixteenDeep) {
  const auto nested = [](std::size_t depth, std::string_view open, std::string_view close) {
    std::string text = "{\"a\":";
    for (std::size_t i = 1; i < depth; ++i) text += open;
    text += "1";
    for (std::size_t i = 1; i < depth; ++i) text += close;
    return text + "}";
  };
  EXPECT_THAT(Parse(nested(16, "[", "]")), Succeeds());
  EXPECT_THAT(Parse(nested(16, "{\"a\":", "}")), Succeeds());
  for (const std::size_t depth : {18U, 19U, 200U, 100000U}) {
    EXPECT_THAT(Parse(nested(depth, "[", "]")),
                FailsWith(ErrorCode::kMalformed, HasSubstr("nested too deep")));
    EXPECT_THAT(Parse(nested(depth, "{\"a\":", "}")), FailsWith(ErrorCode::kMalformed));
  }
}

TEST(TdxJsonFields, TellWhetherAMemberIsThere) {
  const JsonFields fields = Fields("{\"a\":null,\"\":1}");
  EXPECT_TRUE(fields.Has("a"));
  EXPECT_TRUE(fields.Has(""));
  EXPECT_FALSE(fields.Has("b"));
  EXPECT_FALSE(fields.Has("A"));
}

TEST(TdxJsonFields, ReadTexts) {
  EXPECT_EQ(Fields("{\"a\":\"\"}").Text("a").value(), "");
  EXPECT_EQ(Fields("{\"a\":\"x\\u00e9\\n\"}").Text("a").value(), "x\xc3\xa9\n");
  for (const std::string_view text : {"{}", "{\"a\":1}", "{\"a\":null}", "{\"a\":[\"x\"]}"}) {
    EXPECT_THAT(Fields(text).Text("a"), Wants("a text")) << text;
  }
}

TEST(TdxJsonFields, ReadWholeNumbersWithinTheirBounds) {
  const auto read = [](std::string_view value, std::uint64_t max) {
    return Fields(fmt::format("{{\"a\":{}}}", value)).Unsigned("a", max);
  };
  EXPECT_EQ(read("0", 0).value(), 0U);
  EXPECT_EQ(read("255", 255).value(), 255U);
  EXPECT_EQ(read("18446744073709551615", ~std::uint64_t{0}).value(), ~std::uint64_t{0});
  EXPECT_THAT(read("1", 0), Wants("a whole number from 0 to 0"));
  EXPECT_THAT(read("256", 255), Wants("a whole number from 0 to 255"));
  for (const std::string_view value :
       {"-1", "-0.0", "1.0", "1e2", "18446744073709551616", "\"1\"", "true", "null", "[1]"}) {
    EXPECT_FALSE(read(value, ~std::uint64_t{0})) << value;
  }
}

TEST(TdxJsonFields, ReadTimes) {
  EXPECT_EQ(Fields("{\"a\":\"1970-01-02T00:00:01Z\"}").Time("a").value().time_since_epoch().count(),
            86401);
  for (const std::string_view text :
       {"{\"a\":\"1970-01-02\"}", "{\"a\":\"\"}", "{\"a\":0}", "{}"}) {
    EXPECT_FALSE(Fields(text).Time("a")) << text;
  }
  EXPECT_THAT(Fields("{\"a\":\"now\"}").Time("a"), Wants("a time as YYYY-MM-DDThh:mm:ssZ"));
}

TEST(TdxJsonFields, ReadObjectsAndNameTheirPath) {
  const JsonFields fields = Fields("{\"a\":{\"b\":{\"c\":1}},\"l\":[{\"c\":2},{\"d\":3}]}");
  const JsonFields inner = fields.Object("a")->Object("b").value();
  EXPECT_EQ(inner.Unsigned("c", 9).value(), 1U);
  EXPECT_THAT(inner.Text("c"), FailsWith(ErrorCode::kMalformed, HasSubstr("piece.a.b.c: want")));
  const std::vector<JsonFields> list = fields.Objects("l").value();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].Unsigned("c", 9).value(), 2U);
  EXPECT_THAT(list[1].Unsigned("c", 9),
              FailsWith(ErrorCode::kMalformed, HasSubstr("piece.l[1].c: want")));
}

TEST(TdxJsonFields, RefuseWhatIsNoObjectOrNoListOfThem) {
  for (const std::string_view value : {"1", "\"x\"", "null", "[]", "[{}]"}) {
    EXPECT_THAT(Fields(fmt::format("{{\"a\":{}}}", value)).Object("a"), Wants("an object"));
  }
  for (const std::string_view value : {"1", "\"x\"", "null", "{}", "[1]", "[{},1]", "[[]]"}) {
    EXPECT_THAT(Fields(fmt::format("{{\"a\":{}}}", value)).Objects("a"),
                Wants("a list of objects"));
  }
  EXPECT_EQ(Fields("{\"a\":[]}").Objects("a")->size(), 0U);
  EXPECT_THAT(Fields("{}").Object("a"), Wants("an object"));
  EXPECT_THAT(Fields("{}").Objects("a"), Wants("a list of objects"));
}

TEST(TdxJsonFields, ReadListsOfTextsThatMayBeAbsent) {
  EXPECT_EQ(Fields("{}").OptionalTexts("a").value(), std::vector<std::string>{});
  EXPECT_EQ(Fields("{\"a\":[]}").OptionalTexts("a").value(), std::vector<std::string>{});
  EXPECT_EQ(Fields("{\"a\":[\"x\",\"\"]}").OptionalTexts("a").value(),
            (std::vector<std::string>{"x", ""}));
  for (const std::string_view value : {"null", "\"x\"", "{}", "[1]", "[\"x\",null]"}) {
    EXPECT_THAT(Fields(fmt::format("{{\"a\":{}}}", value)).OptionalTexts("a"),
                Wants("a list of texts"));
  }
}

TEST(TdxJsonFields, ReadHexInEitherCaseAndOneSize) {
  const auto read = [](std::string_view value) {
    return Fields(fmt::format("{{\"a\":\"{}\"}}", value)).Hex<2>("a");
  };
  EXPECT_EQ(read("ab0F").value(), (std::array<std::byte, 2>{std::byte{0xab}, std::byte{0x0f}}));
  for (const std::string_view value :
       {"", "ab", "ab0", "ab0f0", "ab0f00", "ab0g", "0xab", "ab 0"}) {
    EXPECT_THAT(read(value), Wants("2 bytes in hex")) << value;
  }
}

// Copies and inner objects live on when what they came from is gone.
TEST(TdxJsonFields, KeepTheTextAlive) {
  std::optional<JsonFields> outer = Fields("{\"a\":[{\"b\":{\"c\":\"x\"}}]}");
  const JsonFields inner = outer->Objects("a").value().at(0).Object("b").value();
  outer.reset();
  EXPECT_EQ(inner.Text("c").value(), "x");
}

// Days counted one by one through 800 years, against the reader's arithmetic.
TEST(TdxUtcTimeArithmetic, AgreesWithACalendarThatCountsDays) {
  constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  std::int64_t days = 0;
  for (int year = 1970; year < 2770; ++year) {
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    for (int month = 1; month <= 12; ++month) {
      const int last = kDays[static_cast<std::size_t>(month - 1)] + (leap && month == 2 ? 1 : 0);
      const auto at = [&](int day) {
        return ParseUtcTime(fmt::format("{:04}-{:02}-{:02}T00:00:00Z", year, month, day));
      };
      ASSERT_EQ(at(1)->time_since_epoch().count(), days * 86400);
      ASSERT_TRUE(at(last)) << year << "-" << month;
      ASSERT_FALSE(at(last + 1)) << year << "-" << month;
      ASSERT_FALSE(at(0));
      days += last;
    }
  }
}

TEST(TdxUtcTimeArithmetic, CountsSeconds) {
  std::mt19937 random(7);
  for (int round = 0; round < 1000; ++round) {
    const auto second = static_cast<int>(random() % 86400);
    const auto time = ParseUtcTime(
        fmt::format("1970-01-01T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60));
    ASSERT_EQ(time->time_since_epoch().count(), second);
  }
  for (const std::string_view bad :
       {"1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:60Z",
        "1970-13-01T00:00:00Z", "1970-00-01T00:00:00Z", "1970-01-32T00:00:00Z"}) {
    EXPECT_FALSE(ParseUtcTime(bad)) << bad;
  }
}

}  // namespace
}  // namespace cocos::attestation::tdx
