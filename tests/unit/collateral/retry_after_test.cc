#include "collateral/retry_after.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace cocos::collateral {
namespace {

using std::chrono::seconds;

// 1994-11-06 08:49:37 UTC.
constexpr crypto::TimePoint kExample{seconds(784111777)};
constexpr seconds kYear = std::chrono::years(1);

TEST(RetryAfter, ReadsSeconds) {
  EXPECT_EQ(ParseRetryAfter("0", kExample), seconds(0));
  EXPECT_EQ(ParseRetryAfter("120", kExample), seconds(120));
}

TEST(RetryAfter, CutsWhatIsLongerThanAYear) {
  EXPECT_EQ(ParseRetryAfter("999999999999999999", kExample), kYear);
  EXPECT_EQ(ParseRetryAfter("Fri, 31 Dec 9999 23:59:59 GMT", kExample), kYear);
}

TEST(RetryAfter, ReadsADate) {
  const char* const date = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_EQ(ParseRetryAfter(date, kExample - seconds(30)), seconds(30));
  EXPECT_EQ(ParseRetryAfter(date, kExample), seconds(0));
  EXPECT_EQ(ParseRetryAfter(date, kExample + seconds(30)), seconds(0));
}

TEST(RetryAfter, RefusesEverythingElse) {
  for (const char* value : {"",
                            " ",
                            "-1",
                            "+1",
                            "1.5",
                            "1 s",
                            "0x10",
                            "1000000000000000000",
                            "Sunday, 06-Nov-94 08:49:37 GMT",
                            "Sun Nov  6 08:49:37 1994",
                            "Sun, 06 Nov 1994 08:49:37 UTC",
                            "Sun, 06 Nov 1994 08:49:37",
                            "Sun, 31 Feb 1994 08:49:37 GMT",
                            "Sun, 00 Nov 1994 08:49:37 GMT",
                            "Sun, 06 nov 1994 08:49:37 GMT",
                            "Sun, 06 Nov 1994 24:49:37 GMT",
                            "Sun, 06 Nov 1994 08:60:37 GMT",
                            "Sun, 06 Nov 1994 08:49:61 GMT",
                            "Sun, 06 Nov -994 08:49:37 GMT",
                            "Sun,  6 Nov 1994 08:49:37 GMT",
                            "Sun, 06 Nov 1994 08:49:37 GMT "}) {
    EXPECT_EQ(ParseRetryAfter(value, kExample), std::nullopt) << value;
  }
}

TEST(RetryAfter, SurvivesAnyText) {
  std::mt19937 random(1);
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  for (int i = 0; i < 100'000; ++i) {
    std::string text = date;
    text[random() % text.size()] = static_cast<char>(random());
    text.resize(random() % (text.size() + 1));
    const auto value = ParseRetryAfter(text, kExample);
    EXPECT_TRUE(!value || (*value >= seconds(0) && *value <= kYear)) << text;
  }
}

}  // namespace
}  // namespace cocos::collateral
