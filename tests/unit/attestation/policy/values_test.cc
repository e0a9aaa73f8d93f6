#include "attestation/policy/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.h"

namespace cocos::attestation::policy {
namespace {

using ::cocos::testing::FailsWith;

constexpr std::uint64_t kMax64 = std::numeric_limits<std::uint64_t>::max();

// -1 for a text that is refused.
std::int64_t JsonNumber(std::string_view text, std::uint64_t max = 1'000'000) {
  const Result<std::uint64_t> value = ParseJsonUnsigned(text, max);
  return value ? static_cast<std::int64_t>(*value) : -1;
}

TEST(PolicyUnsigned, ReadsDecimalAndHexadecimal) {
  EXPECT_EQ(*ParseUnsigned("0", 10), 0U);
  EXPECT_EQ(*ParseUnsigned("10", 10), 10U);
  EXPECT_EQ(*ParseUnsigned("0x30000", kMax64), 0x30000U);
  EXPECT_EQ(*ParseUnsigned("0xFFFFFFFFFFFFFFFF", kMax64), kMax64);
  EXPECT_EQ(*ParseUnsigned("18446744073709551615", kMax64), kMax64);
}

TEST(PolicyUnsigned, RefusesTheNearestTexts) {
  for (const std::string_view text : {"", "11", "-1", "+1", "1 ", " 1", "01", "0x", "x1", "1.0",
                                      "1e1", "0X1", "0x1g", "--1", "18446744073709551616"}) {
    EXPECT_THAT(ParseUnsigned(text, 10), FailsWith(ErrorCode::kMalformed)) << text;
  }
  EXPECT_THAT(ParseUnsigned("18446744073709551616", kMax64), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseUnsigned("0x10000000000000000", kMax64), FailsWith(ErrorCode::kMalformed));
}

TEST(PolicyJsonUnsigned, ReadsEveryWayOfWritingAWholeNumber) {
  EXPECT_EQ(JsonNumber("0"), 0);
  EXPECT_EQ(JsonNumber("200"), 200);
  EXPECT_EQ(JsonNumber("2e2"), 200);
  EXPECT_EQ(JsonNumber("2E+2"), 200);
  EXPECT_EQ(JsonNumber("200.0"), 200);
  EXPECT_EQ(JsonNumber("2.00e2"), 200);
  EXPECT_EQ(JsonNumber("20000e-2"), 200);
  EXPECT_EQ(JsonNumber("0e64"), 0);
  EXPECT_EQ(JsonNumber("0.000"), 0);
  EXPECT_EQ(JsonNumber("0e-64"), 0);
}

TEST(PolicyJsonUnsigned, RefusesWhatIsNotWholeOrNotANumber) {
  for (const std::string_view text :
       {"",     "-1",    "1.5",   "15e-1",   "2.001e2", "1e", "1e+",  "e1",
        ".5",   "1.",    "01",    "0x10",    " 1",      "1 ", "1e65", "1e99999999999999999999",
        "1e-1", "1.1.1", "1e1e1", "1000001", "NaN"}) {
    EXPECT_EQ(JsonNumber(text), -1) << text;
  }
}

TEST(PolicyJsonUnsigned, KeepsEveryBitBeyondTheReachOfDoubles) {
  EXPECT_EQ(*ParseJsonUnsigned("18446744073709551615", kMax64), kMax64);
  EXPECT_EQ(*ParseJsonUnsigned("9007199254740993", kMax64), (std::uint64_t{1} << 53) + 1);
  EXPECT_EQ(*ParseJsonUnsigned("1.8446744073709551615e19", kMax64), kMax64);
  EXPECT_THAT(ParseJsonUnsigned("18446744073709551616", kMax64), FailsWith(ErrorCode::kMalformed));
}

TEST(PolicyJsonBytes, ReadsBothAlphabetsWithAndWithoutPadding) {
  const std::vector<std::byte> bytes = {std::byte{0xfb}, std::byte{0xff}};

  EXPECT_EQ(*ParseJsonBytes("+/8="), bytes);
  EXPECT_EQ(*ParseJsonBytes("+/8"), bytes);
  EXPECT_EQ(*ParseJsonBytes("-_8="), bytes);
  EXPECT_EQ(*ParseJsonBytes("-_8"), bytes);
  EXPECT_TRUE(ParseJsonBytes("")->empty());
}

TEST(PolicyJsonBytes, RefusesTheNearestTexts) {
  for (const std::string_view text :
       {"+_8=", "+/9=", "+", "+/8==", "+/8 ", "=", "+/8=\n", "a?=="}) {
    EXPECT_THAT(ParseJsonBytes(text), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

TEST(PolicyVersion, ReadsMajorAndMinor) {
  EXPECT_EQ(*ParseVersion("1.55"), (std::pair<std::uint8_t, std::uint8_t>(1, 55)));
  EXPECT_EQ(*ParseVersion("255.0"), (std::pair<std::uint8_t, std::uint8_t>(255, 0)));
}

TEST(PolicyVersion, RefusesTheNearestTexts) {
  for (const std::string_view text : {"", "1", "1.", ".1", "1.256", "256.0", "1.2.3", "1,5"}) {
    EXPECT_THAT(ParseVersion(text), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

TEST(PolicyNames, AreTurnedToCamelCase) {
  EXPECT_EQ(CamelCase("minimum_tcb"), "minimumTcb");
  EXPECT_EQ(CamelCase("report_id_ma"), "reportIdMa");
  EXPECT_EQ(CamelCase("td_quote_body_policy"), "tdQuoteBodyPolicy");
  EXPECT_EQ(CamelCase("policy"), "policy");
}

}  // namespace
}  // namespace cocos::attestation::policy
