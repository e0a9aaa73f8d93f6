#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

#include "support/result_matchers.h"

namespace cocos {
namespace {

using testing::FailsWith;
using testing::Succeeds;

Result<int> Half(int number) {
  if (number % 2 != 0) return Fail(ErrorCode::kInvalidArgument, "{}: want an even number", number);
  return number / 2;
}

Result<int> Quarter(int number) {
  const int half = COCOS_TRY(Half(number));
  return COCOS_TRY(Half(half));
}

TEST(Result, TryYieldsTheValue) {
  ASSERT_THAT(Quarter(8), Succeeds());
  EXPECT_EQ(*Quarter(8), 2);
}

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_THAT(Quarter(6), FailsWith(ErrorCode::kInvalidArgument, "3: want an even number"));
}

TEST(Result, TryMovesAValueThatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto take = [&]() -> Result<int> {
    const std::unique_ptr<int> number = COCOS_TRY(make());
    return *number;
  };
  ASSERT_THAT(take(), Succeeds());
  EXPECT_EQ(*take(), 7);
}

TEST(Error, WithinPutsTheContextFirstAndKeepsCodeAndReason) {
  const Error error = Error(ErrorCode::kNotFound, "no such file").WithReason("gone").Within("open");

  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.message(), "open: no such file");
  EXPECT_EQ(error.reason(), "gone");
}

TEST(ErrorCode, HasAStableName) {
  EXPECT_EQ(ErrorCodeName(ErrorCode::kInvalidArgument), "invalid-argument");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kDeadlineExceeded), "deadline-exceeded");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kInternal), "internal");
}

TEST(CheckDeathTest, NamesTheBrokenCondition) {
  EXPECT_DEATH(COCOS_CHECK(1 + 1 == 3), "broken invariant: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace cocos
