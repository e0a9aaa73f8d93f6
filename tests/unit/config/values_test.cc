#include "config/values.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "support/result_matchers.h"

namespace cocos::config {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

const auto kRefused = FailsWith(ErrorCode::kInvalidArgument);

TEST(ParseBool, TakesGosFormsAndQemus) {
  for (const char* text : {"1", "t", "T", "TRUE", "true", "True", "on"}) {
    ASSERT_THAT(ParseBool(text), Succeeds()) << text;
    EXPECT_TRUE(*ParseBool(text)) << text;
  }
  for (const char* text : {"0", "f", "F", "FALSE", "false", "False", "off"}) {
    ASSERT_THAT(ParseBool(text), Succeeds()) << text;
    EXPECT_FALSE(*ParseBool(text)) << text;
  }
  for (const char* text : {"", "yes", "tRUE", "2", " true", "On"}) {
    EXPECT_THAT(ParseBool(text), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("true or false")))
        << text;
  }
}

TEST(ParseUnsigned, TakesDecimalAndHexadecimalUpToTheLimit) {
  EXPECT_EQ(ParseUnsigned("31", 31).value_or(0), 31u);
  EXPECT_EQ(ParseUnsigned("0x1F", 31).value_or(0), 31u);
  EXPECT_EQ(ParseUnsigned("18446744073709551615", std::numeric_limits<std::uint64_t>::max()),
            std::numeric_limits<std::uint64_t>::max());
  for (const char* text :
       {"32", "0x20", "", "0x", "-1", "+1", "1 ", "1.0", "ff", "18446744073709551616"}) {
    EXPECT_THAT(ParseUnsigned(text, 31), kRefused) << text;
  }
}

TEST(ParseSigned, TakesNegativeNumbers) {
  EXPECT_EQ(ParseSigned("-1").value_or(0), -1);
  EXPECT_EQ(ParseSigned("10").value_or(0), 10);
  for (const char* text : {"", "-", "1x", "0x1", "9223372036854775808"}) {
    EXPECT_THAT(ParseSigned(text), kRefused) << text;
  }
}

TEST(ParseRatio, TakesZeroToOne) {
  EXPECT_EQ(ParseRatio("0").value_or(-1), 0.0);
  EXPECT_EQ(ParseRatio("1.0").value_or(-1), 1.0);
  for (const char* text : {"", "-0.1", "1.01", "nan", "inf", "0.5x"}) {
    EXPECT_THAT(ParseRatio(text), kRefused) << text;
  }
}

TEST(ParsePort, TakesZeroOnlyWhereAnyPortWillDo) {
  EXPECT_EQ(ParsePort("1").value_or(0), 1);
  EXPECT_EQ(ParsePort("65535").value_or(0), 65535);
  EXPECT_THAT(ParsePort("0", true), Succeeds());
  for (const char* text : {"0", "65536", "", "-1", "http", "7002 "}) {
    EXPECT_THAT(ParsePort(text), kRefused) << text;
  }
}

TEST(ParseMemoryMib, TakesQemusUnits) {
  EXPECT_EQ(ParseMemoryMib("2048M").value_or(0), 2048u);
  EXPECT_EQ(ParseMemoryMib("2048").value_or(0), 2048u);
  EXPECT_EQ(ParseMemoryMib("30G").value_or(0), 30720u);
  EXPECT_EQ(ParseMemoryMib("1t").value_or(0), 1048576u);
  EXPECT_EQ(ParseMemoryMib("2048k").value_or(0), 2u);
  for (const char* text : {"", "0", "0M", "M", "2048MB", "2 G", "-1G", "1.5G", "1000K",
                           "4294967297G", "18446744073709551615T"}) {
    EXPECT_THAT(ParseMemoryMib(text), kRefused) << text;
  }
}

TEST(ParsePortRange, SaysWhatUpstreamSays) {
  EXPECT_EQ(*ParsePortRange("6100-6200"), (std::pair<std::uint16_t, std::uint16_t>(6100, 6200)));
  EXPECT_THAT(ParsePortRange("6100-6100"), Succeeds());
  EXPECT_THAT(ParsePortRange("6200-6100"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("invalid range: 6200-6100")));
  for (const char* text : {"", "-", "6100", "6100-", "-6200", "a-b", "1-2-3", "0-5", "1-65536"}) {
    EXPECT_THAT(ParsePortRange(text),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("invalid input format: ")))
        << text;
  }
}

TEST(ParseBase64, TakesExactlyTheLengthWanted) {
  const std::string right = std::string(43, 'A') + "=";
  EXPECT_EQ(ParseBase64(right, 32).value_or(""), right);
  EXPECT_EQ(ParseBase64("", 32).value_or("x"), "");
  for (const std::string& text :
       {std::string(44, 'A'), std::string(42, 'A') + "==", std::string(40, 'A'),
        " " + std::string(42, 'A') + "=", std::string(43, '-') + "="}) {
    EXPECT_THAT(ParseBase64(text, 32),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("base64 of 32 bytes")))
        << text;
  }
}

TEST(ParseLogLevel, TakesSlogsNamesInAnyCaseWithOffset) {
  for (const char* text : {"debug", "INFO", "Warn", "error", "info+2", "WARN-1"}) {
    EXPECT_THAT(ParseLogLevel(text), Succeeds()) << text;
  }
  for (const char* text : {"", "trace", "warning", "info+", "info+x", "info+-2", "+2"}) {
    EXPECT_THAT(ParseLogLevel(text), kRefused) << text;
  }
}

TEST(ParseAddress, TakesNumbersOnly) {
  for (const char* text : {"0.0.0.0", "127.0.0.1", "::", "::1"}) {
    EXPECT_THAT(ParseAddress(text), Succeeds()) << text;
  }
  for (const char* text : {"", "localhost", "127.1", "1.2.3.256", "[::1]"}) {
    EXPECT_THAT(ParseAddress(text), kRefused) << text;
  }
}

TEST(EditDistance, CountsSingleChanges) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(NearestName, FindsAMisspeltNameAndNoUnrelatedOne) {
  constexpr std::array<std::string_view, 2> kNames = {"memory", "vcpus"};
  EXPECT_EQ(NearestName("memroy", kNames), "memory");
  EXPECT_EQ(NearestName("firmware", kNames), "");
}

}  // namespace
}  // namespace cocos::config
