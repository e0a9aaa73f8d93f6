#include "base/log_level.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.h"

namespace cocos {
namespace {

using ::cocos::testing::FailsWith;
using ::testing::HasSubstr;

int ThresholdOf(std::string_view text) { return ParseLogThreshold(text).value().value; }

TEST(LogThreshold, AcceptsTheFourNamesInAnyCase) {
  EXPECT_EQ(ThresholdOf("debug"), -4);
  EXPECT_EQ(ThresholdOf("Info"), 0);
  EXPECT_EQ(ThresholdOf("WARN"), 4);
  EXPECT_EQ(ThresholdOf("eRRor"), 8);
}

TEST(LogThreshold, AcceptsOffsets) {
  EXPECT_EQ(ThresholdOf("INFO+2"), 2);
  EXPECT_EQ(ThresholdOf("error-1"), 7);
  EXPECT_EQ(ThresholdOf("debug-4"), -8);
}

class RejectedLogThreshold : public ::testing::TestWithParam<const char*> {};

TEST_P(RejectedLogThreshold, SaysWhatIsAccepted) {
  EXPECT_THAT(ParseLogThreshold(GetParam()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("want debug, info, warn or error")));
}

INSTANTIATE_TEST_SUITE_P(Texts, RejectedLogThreshold,
                         ::testing::Values("", "inf", "infos", "warning", "INFO+", "INFO-",
                                           "INFO+-2", "INFO++2", "INFO+2x", "INFO 2", "+2",
                                           "INFO+99999999999999"));

}  // namespace
}  // namespace cocos
