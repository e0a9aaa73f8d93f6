#include "config/match_rules.h"

#include <gmock/gmock.h>

#include "support/result_matchers.h"
#include "unit/config/load_from.h"

namespace cocos::config {
namespace {

using ::cocos::testing::FailsWith;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ClassConfig ClassWith(const std::string& name, std::vector<MatchRule> rules) {
  ClassConfig each;
  each.name = name;
  each.origin = "/c/" + name + ".yaml";
  each.match = std::move(rules);
  return each;
}

TEST(MatchRules, TakeEveryKey) {
  for (const char* key : {"id", "id_prefix", "name", "name_prefix"}) {
    const auto rule = ParseMatchRule(key, "red");
    ASSERT_TRUE(rule) << key;
    EXPECT_EQ(rule->key, key);
    EXPECT_EQ(rule->value, "red");
  }
}

TEST(MatchRules, SpellDigestsInLowerCase) {
  const auto rule = ParseMatchRule("algorithm", std::string(62, 'A') + "0f");
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->value, std::string(62, 'a') + "0f");
}

TEST(MatchRules, RefuseUnknownKeys) {
  EXPECT_THAT(ParseMatchRule("team", "red"),
              FailsWith(ErrorCode::kInvalidArgument,
                        HasSubstr("key \"team\": want id, id_prefix, name, name_prefix or "
                                  "algorithm")));
  EXPECT_THAT(ParseMatchRule("ID", "red"), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(MatchRules, RefuseValuesThatNoComputationHas) {
  EXPECT_TRUE(ParseMatchRule("id", std::string(256, 'x')));
  EXPECT_THAT(ParseMatchRule("id", std::string(257, 'x')),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("id: value: 257 bytes: want 1")));
  EXPECT_THAT(ParseMatchRule("name_prefix", ""),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("name_prefix: value: 0 bytes")));
  for (const std::string& digest :
       {std::string(), std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'g')}) {
    EXPECT_THAT(ParseMatchRule("algorithm", digest),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("want 64 hexadecimal digits")))
        << digest;
  }
}

TEST(MatchRules, MayRepeatWithinAClassButNotBetweenTwo) {
  const ClassConfig red = ClassWith("red", {{"id", "7"}, {"id", "7"}});
  EXPECT_THAT(CheckMatchRules({red}), IsEmpty());
  EXPECT_THAT(CheckMatchRules({red, ClassWith("blue", {{"id", "8"}, {"name", "7"}})}), IsEmpty());
  EXPECT_THAT(CheckMatchRules({red, ClassWith("blue", {{"id", "7"}})}),
              ElementsAre(AllOf(HasSubstr("class \"blue\" (/c/blue.yaml)"),
                                HasSubstr("id \"7\" is a rule of class \"red\" already"))));
}

TEST(MatchRules, AreNotForTheClassDefault) {
  EXPECT_THAT(CheckMatchRules({ClassWith("default", {{"id", "7"}})}),
              ElementsAre(HasSubstr("class \"default\" (/c/default.yaml): match: want none")));
}

TEST(MatchRules, KeepTheManagerFromStartingWhenTheyClash) {
  const ClassFileText red{"/c/red.yaml", "match: [{key: name, value: x}]\n"};
  const ClassFileText blue{"/c/blue.yaml", "match: [{key: name, value: x}]\n"};

  EXPECT_TRUE(Load({}, {red}));
  EXPECT_THAT(Load({}, {red, blue}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("class \"blue\" (/c/blue.yaml)")));
}

}  // namespace
}  // namespace cocos::config
