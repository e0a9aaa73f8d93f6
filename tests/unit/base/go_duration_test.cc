#include "base/go_duration.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "support/result_matchers.h"

namespace cocos {
namespace {

using std::chrono::nanoseconds;
using testing::FailsWith;
using testing::Succeeds;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

struct Good {
  const char* text;
  std::int64_t nanoseconds;
};

class ParsesDuration : public ::testing::TestWithParam<Good> {};

TEST_P(ParsesDuration, AsGoDoes) {
  const auto parsed = ParseGoDuration(GetParam().text);
  ASSERT_THAT(parsed, Succeeds()) << GetParam().text;
  EXPECT_EQ(parsed->count(), GetParam().nanoseconds) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ParsesDuration,
    ::testing::Values(
        Good{"0", 0}, Good{"-0", 0}, Good{"+0", 0}, Good{"5s", 5 * kSecond},
        Good{"30s", 30 * kSecond}, Good{"1478s", 1478 * kSecond}, Good{"-5s", -5 * kSecond},
        Good{"+5s", 5 * kSecond}, Good{"5.0s", 5 * kSecond}, Good{"5.6s", 5'600'000'000},
        Good{"5.s", 5 * kSecond}, Good{".5s", kSecond / 2}, Good{"1.004s", 1'004'000'000},
        Good{"100.00100s", 100'001'000'000}, Good{"10ns", 10}, Good{"11us", 11'000},
        Good{"12\u00b5s", 12'000}, Good{"12\u03bcs", 12'000}, Good{"13ms", 13'000'000},
        Good{"14s", 14 * kSecond}, Good{"15m", 900 * kSecond}, Good{"16h", 57'600 * kSecond},
        Good{"3h30m", 12'600 * kSecond}, Good{"10.5s4m", 250'500'000'000},
        Good{"-2m3.4s", -123'400'000'000}, Good{"52763797000ns", 52'763'797'000},
        Good{"0.3333333333333333333h", 1'200 * kSecond},
        Good{"0.100000000000000000000h", 360 * kSecond},
        Good{"9007199254740993ns", 9'007'199'254'740'993}, Good{"9223372036854775807ns", kMax},
        Good{"9223372036854775.807us", kMax}, Good{"9223372036s854ms775us807ns", kMax},
        Good{"-9223372036854775808ns", kMin}, Good{"-9223372036854775.808us", kMin}));

struct Bad {
  const char* text;
  const char* message;
};

class RefusesDuration : public ::testing::TestWithParam<Bad> {};

TEST_P(RefusesDuration, WithGosText) {
  EXPECT_THAT(ParseGoDuration(GetParam().text),
              FailsWith(ErrorCode::kInvalidArgument, GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusesDuration,
    ::testing::Values(
        Bad{"", "time: invalid duration \"\""}, Bad{"-", "time: invalid duration \"-\""},
        Bad{"3", "time: missing unit in duration \"3\""},
        Bad{"1.", "time: missing unit in duration \"1.\""},
        Bad{"00", "time: missing unit in duration \"00\""},
        Bad{"s", "time: invalid duration \"s\""}, Bad{".", "time: invalid duration \".\""},
        Bad{"-.", "time: invalid duration \"-.\""}, Bad{".s", "time: invalid duration \".s\""},
        Bad{"+.s", "time: invalid duration \"+.s\""}, Bad{" 5s", "time: invalid duration \" 5s\""},
        Bad{"--5s", "time: invalid duration \"--5s\""},
        Bad{"5d", "time: unknown unit \"d\" in duration \"5d\""},
        Bad{"5s ", "time: unknown unit \"s \" in duration \"5s \""},
        Bad{"1\"s", "time: unknown unit \"\\\"s\" in duration \"1\\\"s\""},
        Bad{"1\n", "time: unknown unit \"\\x0a\" in duration \"1\\x0a\""},
        Bad{"1\u00e9", "time: unknown unit \"\\xc3\\xa9\" in duration \"1\\xc3\\xa9\""},
        Bad{"9223372036854775808ns", "time: invalid duration \"9223372036854775808ns\""},
        Bad{"-9223372036854775809ns", "time: invalid duration \"-9223372036854775809ns\""},
        Bad{"9223372036854ms775us808ns", "time: invalid duration \"9223372036854ms775us808ns\""},
        Bad{"3000000h", "time: invalid duration \"3000000h\""},
        Bad{"99999999999999999999s", "time: invalid duration \"99999999999999999999s\""}));

struct Shown {
  std::int64_t nanoseconds;
  const char* text;
};

class FormatsDuration : public ::testing::TestWithParam<Shown> {};

TEST_P(FormatsDuration, AsGoDoes) {
  EXPECT_EQ(FormatGoDuration(nanoseconds(GetParam().nanoseconds)), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Table, FormatsDuration,
    ::testing::Values(
        Shown{0, "0s"}, Shown{1, "1ns"}, Shown{999, "999ns"}, Shown{1'000, "1\u00b5s"},
        Shown{1'100, "1.1\u00b5s"}, Shown{751'884, "751.884\u00b5s"}, Shown{2'200'000, "2.2ms"},
        Shown{999'999'999, "999.999999ms"}, Shown{kSecond, "1s"}, Shown{1'500'000'000, "1.5s"},
        Shown{3'300'000'000, "3.3s"}, Shown{59 * kSecond, "59s"}, Shown{60 * kSecond, "1m0s"},
        Shown{245 * kSecond, "4m5s"}, Shown{245'001'000'000, "4m5.001s"},
        Shown{3'600 * kSecond, "1h0m0s"}, Shown{18'367'001'000'000, "5h6m7.001s"},
        Shown{480'000'000'001, "8m0.000000001s"}, Shown{-1'500'000'000, "-1.5s"}, Shown{-1, "-1ns"},
        Shown{kMax, "2562047h47m16.854775807s"}, Shown{kMin, "-2562047h47m16.854775808s"}));

TEST(GoDuration, ReadsBackWhatItFormats) {
  for (const std::int64_t count : {std::int64_t{1}, 751'884L, 1'500'000'000L, kMax, kMin}) {
    const auto parsed = ParseGoDuration(FormatGoDuration(nanoseconds(count)));
    ASSERT_THAT(parsed, Succeeds());
    EXPECT_EQ(parsed->count(), count);
  }
}

}  // namespace
}  // namespace cocos
