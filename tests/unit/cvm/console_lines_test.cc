#include "cvm/console_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cocos::cvm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ConsoleLines, GivesLinesWithoutTheirBreaks) {
  ConsoleLines lines;

  EXPECT_THAT(lines.Add("one\r\ntwo\n\nthr"), ElementsAre("one", "two", ""));
  EXPECT_THAT(lines.Add("ee\n"), ElementsAre("three"));
  EXPECT_EQ(lines.TakeRest(), std::nullopt);
}

TEST(ConsoleLines, KeepsALineThatHasNotEnded) {
  ConsoleLines lines;

  EXPECT_THAT(lines.Add("login: "), IsEmpty());

  EXPECT_EQ(lines.TakeRest(), "login: ");
  EXPECT_EQ(lines.TakeRest(), std::nullopt);
}

TEST(ConsoleLines, GivesALineWithoutEndInParts) {
  ConsoleLines lines;
  const std::string part(ConsoleLines::kMaxLineBytes, 'x');

  EXPECT_THAT(lines.Add(part + part + "y\n"), ElementsAre(part, part, "y"));
}

TEST(ConsoleLines, KeepsACarriageReturnInsideALine) {
  ConsoleLines lines;

  EXPECT_THAT(lines.Add("10%\r20%\n"), ElementsAre("10%\r20%"));
}

TEST(ConsoleLines, JoinsALineBreakThatCameInTwoPieces) {
  ConsoleLines lines;
  EXPECT_THAT(lines.Add("one\r"), IsEmpty());

  EXPECT_THAT(lines.Add("\ntwo"), ElementsAre("one"));
}

}  // namespace
}  // namespace cocos::cvm
