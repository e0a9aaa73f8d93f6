#include "cli/table.h"

#include <gmock/gmock.h>

namespace cocos::cli {
namespace {

using ::testing::HasSubstr;

TEST(FormatTable, PadsColumnsAndLeavesNoBlanksAtLineEnds) {
  EXPECT_EQ(FormatTable({{"A", "B"}, {"long cell", "x"}, {"", ""}}),
            "A          B\nlong cell  x\n\n");
}

TEST(FormatTable, OfNothingIsEmpty) { EXPECT_EQ(FormatTable({}, 10), ""); }

TEST(FormatTable, LeavesATableAloneThatJustFits) {
  EXPECT_EQ(FormatTable({{"id", FreeText("a long text")}}, 15), "id  a long text\n");
}

TEST(FormatTable, ShortensFreeTextThatIsOneTooLong) {
  EXPECT_EQ(FormatTable({{"id", FreeText("a long text")}}, 14), "id  a long te\u2026\n");
}

TEST(FormatTable, ShortensTheLongestFreeTextFirst) {
  EXPECT_EQ(FormatTable({{FreeText("a longer text"), FreeText("a long text")}}, 25),
            "a longer te\u2026  a long text\n");
}

TEST(FormatTable, GoesOnWithTheNextColumnWhenOneIsAsShortAsItMayBe) {
  EXPECT_EQ(FormatTable({{FreeText("a longer text"), FreeText("a long text")}}, 18),
            "a longe\u2026  a long \u2026\n");
}

TEST(FormatTable, NeverShortensOtherTexts) {
  EXPECT_EQ(FormatTable({{"an-id-of-many-letters", FreeText("text of some length")}}, 10),
            "an-id-of-many-letters  text of\u2026\n");
}

TEST(FormatTable, KeepsAColumnAsWideAsItsWholeTextsWant) {
  EXPECT_EQ(FormatTable({{"a-whole-text", "x"}, {FreeText("a text that is free"), "y"}}, 4),
            "a-whole-text  x\na text that\u2026  y\n");
}

TEST(FormatTable, CountsAndCutsCharactersNotBytes) {
  EXPECT_EQ(FormatTable({{FreeText("\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6"), "x"}}, 11),
            "\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6  x\n");
  EXPECT_EQ(
      FormatTable({{FreeText("\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc"), "x"}}, 11),
      "\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u2026  x\n");
}

TEST(FormatTable, MeasuresControlCharactersAsTheyAreShown) {
  EXPECT_EQ(FormatTable({{FreeText("a\x1b[31mred"), "x"}}), "a\\x1b[31mred  x\n");
  EXPECT_THAT(FormatTable({{FreeText("\x1b\x1b\x1b\x1b"), "x"}}, 11),
              HasSubstr("\\x1b\\x1\u2026  x"));
}

TEST(LeastWidth, CountsFreeTextAsShortAsItMayBecome) {
  EXPECT_EQ(LeastWidth({{"id", FreeText("a long text")}}), 12u);
  EXPECT_EQ(LeastWidth({{"id", "a long text"}}), 15u);
  EXPECT_EQ(LeastWidth({}), 0u);
}

}  // namespace
}  // namespace cocos::cli
