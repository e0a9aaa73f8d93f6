#include "cli/activity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>

#include "support/result_matchers.h"

namespace cocos::cli {
namespace {

using ::testing::EndsWith;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::Succeeds;

struct Outcome {
  std::string out;
  std::string err;
  Result<ExitStatus> result;
};

Outcome RunShown(bool terminal, std::chrono::milliseconds takes, Result<ExitStatus> result) {
  std::ostringstream out;
  std::ostringstream err;
  const Streams streams = {.out = out, .err = err, .err_is_terminal = terminal, .out_columns = 0};
  Result<ExitStatus> given = ShowingActivity(
      "measure igvm", streams,
      [&](const Streams& inner) {
        inner.out << "table\n";
        inner.err << "note\n";
        std::this_thread::sleep_for(takes);
        return result;
      },
      std::chrono::milliseconds(50));
  return {out.str(), err.str(), std::move(given)};
}

TEST(Activity, OfAQuickCommandIsNotShown) {
  const Outcome outcome = RunShown(true, {}, ExitStatus::kFailed);

  ASSERT_THAT(outcome.result, Succeeds());
  EXPECT_EQ(*outcome.result, ExitStatus::kFailed);
  EXPECT_EQ(outcome.out, "table\n");
  EXPECT_EQ(outcome.err, "note\n");
}

TEST(Activity, OfASlowCommandIsShownAndErasedBeforeItsOutput) {
  const Outcome outcome = RunShown(true, std::chrono::milliseconds(300), ExitStatus::kDone);

  ASSERT_THAT(outcome.result, Succeeds());
  EXPECT_EQ(*outcome.result, ExitStatus::kDone);
  EXPECT_EQ(outcome.out, "table\n");
  EXPECT_THAT(outcome.err, StartsWith("\rmeasure igvm... 0 s"));
  EXPECT_THAT(outcome.err, EndsWith("\r\033[Knote\n"));
}

TEST(Activity, IsNotShownWhereThereIsNoTerminal) {
  const Outcome outcome = RunShown(false, std::chrono::milliseconds(150), ExitStatus::kDone);

  EXPECT_EQ(outcome.out, "table\n");
  EXPECT_EQ(outcome.err, "note\n");
}

TEST(Activity, KeepsWhatACommandThatFailsHasWritten) {
  const Outcome outcome =
      RunShown(true, std::chrono::milliseconds(150), Fail(ErrorCode::kNotFound, "no such file"));

  EXPECT_THAT(outcome.result, FailsWith(ErrorCode::kNotFound, HasSubstr("no such file")));
  EXPECT_THAT(outcome.err, EndsWith("note\n"));
  EXPECT_EQ(outcome.out, "table\n");
}

}  // namespace
}  // namespace cocos::cli
