#include "computation/go_json.h"

#include <gmock/gmock.h>

#include <vector>

namespace cocos::computation {
namespace {

TEST(GoJsonString, ReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(GoJsonString("bad\xff\xc3("), R"("bad\ufffd\ufffd(")");
}

TEST(GoJsonString, EscapesEveryControlCharacter) {
  EXPECT_EQ(GoJsonString(std::string("\0\x01\x1f", 3)), R"("\u0000\u0001\u001f")");
}

TEST(GoJsonArray, OfNothingIsLeftOut) {
  EXPECT_EQ(GoJsonArray({}), "");
  EXPECT_EQ(GoJsonArray(std::vector<std::string>{"1", "{}"}), "[1,{}]");
}

TEST(GoJsonObject, LeavesOutZeroValues) {
  GoJsonObject json;
  json.Text("a", "");
  json.Base64("b", "");
  json.True("c", false);
  json.Raw("d", "");

  EXPECT_EQ(std::move(json).Finish(), "{}");
}

TEST(GoJsonObject, KeepsTheOrderOfItsMembers) {
  GoJsonObject json;
  json.Text("z", "1");
  json.ByteArray("a", std::string("\x00\xff", 2));
  json.True("m", true);

  EXPECT_EQ(std::move(json).Finish(), R"({"z":"1","a":[0,255],"m":true})");
}

}  // namespace
}  // namespace cocos::computation
