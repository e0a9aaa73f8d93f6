// The trees that YAML and JSON texts are read into, and what bounds them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/policy/json_document.h"
#include "attestation/policy/yaml_document.h"
#include "support/result_matchers.h"

namespace cocos::attestation::policy {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Repeat(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(YamlDocument, KeepsNamesValuesAndPlaces) {
  const Result<Node> root = ReadYaml("a: 1\nlist:\n  - 'x'\n  - \"y\"\n");

  ASSERT_THAT(root, Succeeds());
  ASSERT_EQ(root->kind, Node::Kind::kMap);
  ASSERT_EQ(root->members.size(), 2U);
  EXPECT_EQ(root->members[0].name, "a");
  EXPECT_EQ(root->members[0].value.text, "1");
  const Node& list = root->members[1].value;
  ASSERT_EQ(list.elements.size(), 2U);
  EXPECT_EQ(list.elements[1].text, "y");
  EXPECT_EQ(list.elements[1].place.line, 4U);
  EXPECT_EQ(list.elements[1].place.column, 5U);
}

TEST(YamlDocument, OfNothingIsNull) {
  EXPECT_EQ(ReadYaml("")->kind, Node::Kind::kNull);
  EXPECT_EQ(ReadYaml("# only a comment\n")->kind, Node::Kind::kNull);
}

TEST(YamlDocument, RefusesAnchorsAndAliases) {
  EXPECT_THAT(ReadYaml("a: &x 1\n"), FailsWith(ErrorCode::kMalformed, HasSubstr("anchors")));
  EXPECT_THAT(ReadYaml("a: &x 1\nb: *x\n"), FailsWith(ErrorCode::kMalformed, HasSubstr("anchors")));
  EXPECT_THAT(ReadYaml("a: &x [1]\n"), FailsWith(ErrorCode::kMalformed, HasSubstr("1:4")));
  EXPECT_THAT(ReadYaml("a: &x {b: 1}\n"), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ReadYaml("a: &x\n"), FailsWith(ErrorCode::kMalformed));
}

TEST(YamlDocument, RefusesABombOfAliases) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string item = fmt::format("*a{}", i - 1);
    bomb += fmt::format("a{0}: &a{0} [{1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}]\n", i, item);
  }

  EXPECT_THAT(ReadYaml(bomb), FailsWith(ErrorCode::kMalformed, HasSubstr("anchors")));
}

TEST(YamlDocument, RefusesTags) {
  EXPECT_THAT(ReadYaml("a: !!str 1\n"), FailsWith(ErrorCode::kMalformed, HasSubstr("tags")));
  EXPECT_THAT(ReadYaml("a: !x [1]\n"), FailsWith(ErrorCode::kMalformed, HasSubstr("tags")));
}

TEST(YamlDocument, RefusesANameGivenTwice) {
  EXPECT_THAT(ReadYaml("a: 1\nb: 2\na: 3\n"),
              FailsWith(ErrorCode::kMalformed, StartsWith("3:1: \"a\": given twice")));
  EXPECT_THAT(ReadYaml("a: {a: 1}\n"), Succeeds());
}

TEST(YamlDocument, RefusesANameThatIsNoText) {
  EXPECT_THAT(ReadYaml("? [a]\n: 1\n"), FailsWith(ErrorCode::kMalformed, HasSubstr("plain key")));
  EXPECT_THAT(ReadYaml("? {a: b}\n: 1\n"), FailsWith(ErrorCode::kMalformed));
}

TEST(YamlDocument, RefusesASecondDocument) {
  EXPECT_THAT(ReadYaml("---\na: 1\n"), Succeeds());
  EXPECT_THAT(ReadYaml("---\na: 1\n---\na: 1\n"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("more than one document")));
}

TEST(YamlDocument, SaysWhereTheTextIsNotYaml) {
  EXPECT_THAT(ReadYaml("a: 1\nb: [1\n"), FailsWith(ErrorCode::kMalformed, StartsWith("3:")));
  EXPECT_THAT(ReadYaml("a: b: c\n"), FailsWith(ErrorCode::kMalformed));
}

TEST(YamlDocument, IsBoundedInDepth) {
  const auto nested = [](std::size_t depth) { return Repeat("[", depth) + Repeat("]", depth); };

  EXPECT_THAT(ReadYaml(nested(kMaxDepth)), Succeeds());
  EXPECT_THAT(ReadYaml(nested(kMaxDepth + 1)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("nested deeper")));
  EXPECT_THAT(ReadYaml(nested(100'000)), FailsWith(ErrorCode::kMalformed));
  EXPECT_THAT(ReadYaml(Repeat("- ", 50'000)), FailsWith(ErrorCode::kMalformed));
}

TEST(YamlDocument, IsBoundedInValues) {
  EXPECT_THAT(ReadYaml("[" + Repeat("1,", kMaxNodes - 1) + "]"), Succeeds());
  EXPECT_THAT(ReadYaml("[" + Repeat("1,", kMaxNodes) + "]"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("more than 4096")));
}

TEST(YamlDocument, IsBoundedInSize) {
  EXPECT_THAT(ReadYaml("#" + std::string(kMaxDocumentBytes - 1, 'x')), Succeeds());
  EXPECT_THAT(ReadYaml("#" + std::string(kMaxDocumentBytes, 'x')),
              FailsWith(ErrorCode::kMalformed, HasSubstr("want at most")));
}

TEST(JsonDocument, KeepsKindsAndEveryDigit) {
  const Result<Node> root = ReadJson(
      R"({"t": true, "n": null, "s": "x", "i": 18446744073709551615, "e": 1e3, "l": [-1]})");

  ASSERT_THAT(root, Succeeds());
  ASSERT_EQ(root->members.size(), 6U);
  EXPECT_EQ(root->members[0].value.kind, Node::Kind::kBool);
  EXPECT_EQ(root->members[1].value.kind, Node::Kind::kNull);
  EXPECT_EQ(root->members[2].value.kind, Node::Kind::kText);
  EXPECT_EQ(root->members[3].value.text, "18446744073709551615");
  EXPECT_EQ(root->members[4].value.text, "1e3");
  EXPECT_EQ(root->members[5].value.elements[0].text, "-1");
}

TEST(JsonDocument, KeepsAnIntegerBeyond64BitsAsItWasWritten) {
  EXPECT_EQ(ReadJson("18446744073709551616")->text, "18446744073709551616");
  EXPECT_EQ(ReadJson("123456789012345678901234567890")->text, "123456789012345678901234567890");
}

TEST(JsonDocument, KeepsThePlaceOfEveryNameAndValue) {
  const Result<Node> root =
      ReadJson("{\"a\": 12,\n \"b\" :[true, null ,\n\"x\\n,\"],\n\n\"c\":{ \"d\":-1.5}}");

  ASSERT_THAT(root, Succeeds());
  const auto at = [](Place place) { return fmt::format("{}:{}", place.line, place.column); };
  EXPECT_EQ(at(root->place), "1:1");
  EXPECT_EQ(at(root->members[0].place), "1:2");
  EXPECT_EQ(at(root->members[0].value.place), "1:7");
  EXPECT_EQ(at(root->members[1].place), "2:2");
  EXPECT_EQ(at(root->members[1].value.place), "2:7");
  EXPECT_EQ(at(root->members[1].value.elements[0].place), "2:8");
  EXPECT_EQ(at(root->members[1].value.elements[1].place), "2:14");
  EXPECT_EQ(at(root->members[1].value.elements[2].place), "3:1");
  EXPECT_EQ(at(root->members[2].place), "5:1");
  EXPECT_EQ(at(root->members[2].value.place), "5:5");
  EXPECT_EQ(at(root->members[2].value.members[0].place), "5:7");
  EXPECT_EQ(at(root->members[2].value.members[0].value.place), "5:11");
}

TEST(JsonDocument, SaysWhereANameIsGivenTwice) {
  EXPECT_THAT(ReadJson("{\"a\": 1,\n  \"a\": 1}"),
              FailsWith(ErrorCode::kMalformed, StartsWith("2:3: ")));
}

TEST(JsonDocument, RefusesANameGivenTwice) {
  EXPECT_THAT(ReadJson(R"({"a": 1, "a": 1})"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("given twice")));
}

TEST(JsonDocument, SaysWhereTheTextIsNotJson) {
  EXPECT_THAT(ReadJson("{\"a\": 1,\n\"b\" 2}"), FailsWith(ErrorCode::kMalformed, StartsWith("2:")));
  for (const std::string_view text :
       {"", "{", "{}x", "[1,]", "{'a': 1}", "nul", "\"\\x\"", "\"\xff\"", "// c\n1", "1e999"}) {
    EXPECT_THAT(ReadJson(text), FailsWith(ErrorCode::kMalformed)) << text;
  }
}

TEST(JsonDocument, IsBoundedInDepth) {
  const auto nested = [](std::size_t depth) { return Repeat("[", depth) + Repeat("]", depth); };

  EXPECT_THAT(ReadJson(nested(kMaxDepth)), Succeeds());
  EXPECT_THAT(ReadJson(nested(kMaxDepth + 1)),
              FailsWith(ErrorCode::kMalformed, HasSubstr("nested deeper")));
  EXPECT_THAT(ReadJson(nested(100'000)), FailsWith(ErrorCode::kMalformed));
}

TEST(JsonDocument, IsBoundedInValuesAndSize) {
  EXPECT_THAT(ReadJson("[" + Repeat("1,", kMaxNodes - 2) + "1]"), Succeeds());
  EXPECT_THAT(ReadJson("[" + Repeat("1,", kMaxNodes - 1) + "1]"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("more than 4096")));
  EXPECT_THAT(ReadJson(std::string(kMaxDocumentBytes - 2, ' ') + "{}"), Succeeds());
  EXPECT_THAT(ReadJson(std::string(kMaxDocumentBytes - 1, ' ') + "{}"),
              FailsWith(ErrorCode::kMalformed, HasSubstr("want at most")));
}

}  // namespace
}  // namespace cocos::attestation::policy
