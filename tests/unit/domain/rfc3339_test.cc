#include "domain/rfc3339.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.h"

namespace cocos::domain {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;

TimePoint At(std::int64_t nanoseconds) { return TimePoint(std::chrono::nanoseconds(nanoseconds)); }

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(TimeText, HasNoFractionAtAFullSecond) {
  EXPECT_EQ(FormatTime(At(1767225600 * kSecond)), "2026-01-01T00:00:00Z");
}

TEST(TimeText, HasNanosecondsOtherwise) {
  EXPECT_EQ(FormatTime(At(1767225600 * kSecond + 1)), "2026-01-01T00:00:00.000000001Z");
}

TEST(TimeText, CountsBackwardsBefore1970) {
  EXPECT_EQ(FormatTime(At(-1)), "1969-12-31T23:59:59.999999999Z");
}

TEST(TimeText, ReadsBackWhatWasWritten) {
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{-1}, 951782400 * kSecond + 5,
                                  1767225600 * kSecond + 250'000'000}) {
    const Result<TimePoint> read = ParseTime(FormatTime(At(time)));

    ASSERT_THAT(read, Succeeds());
    EXPECT_EQ(*read, At(time));
  }
}

TEST(TimeText, ReadsShortFractions) {
  EXPECT_EQ(*ParseTime("1970-01-01T00:00:01.5Z"), At(kSecond * 3 / 2));
  EXPECT_EQ(*ParseTime("1970-01-01T00:00:00.123Z"), At(123'000'000));
}

TEST(TimeText, KnowsLeapYears) {
  EXPECT_THAT(ParseTime("2028-02-29T00:00:00Z"), Succeeds());
  EXPECT_THAT(ParseTime("2026-02-29T00:00:00Z"), FailsWith(ErrorCode::kMalformed));
}

TEST(TimeText, StaysWithinNanosecondsOf64Bits) {
  EXPECT_THAT(ParseTime("1678-01-01T00:00:00Z"), Succeeds());
  EXPECT_THAT(ParseTime("1677-12-31T23:59:59Z"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ParseTime("2261-12-31T23:59:59.999999999Z"), Succeeds());
  EXPECT_THAT(ParseTime("2262-01-01T00:00:00Z"), FailsWith(ErrorCode::kMalformed));
}

class BadTime : public ::testing::TestWithParam<const char*> {};

TEST_P(BadTime, IsRefusedWithTheText) {
  EXPECT_THAT(ParseTime(GetParam()),
              FailsWith(ErrorCode::kMalformed, HasSubstr(std::string("\"") + GetParam() + "\"")));
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadTime,
    ::testing::Values("", "Z", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00+00:00",
                      "2026-01-01 00:00:00Z", "2026-01-01t00:00:00z", "2026-01-01T24:00:00Z",
                      "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-00-01T00:00:00Z",
                      "2026-01-32T00:00:00Z", "2026-01-01T00:00:00.Z",
                      "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00.1aZ",
                      "2026-1-01T00:00:00Z", " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00ZZ"));

}  // namespace
}  // namespace cocos::domain
