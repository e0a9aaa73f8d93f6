#include "cms/class_choice.h"

#include <gmock/gmock.h>

#include "support/result_matchers.h"

namespace cocos::cms {
namespace {

using ::cocos::testing::FailsWith;
using ::testing::AllOf;
using ::testing::HasSubstr;

manager::ComputationRunReq Request() {
  manager::ComputationRunReq request;
  request.set_id("run-7");
  request.set_name("Census of whales");
  request.mutable_algorithm()->set_hash(std::string(31, '\xab') + '\x0c');
  return request;
}

std::string DigestText() {
  std::string text;
  for (int i = 0; i < 31; ++i) text += "ab";
  return text + "0c";
}

struct Case {
  const char* what;
  std::vector<MatchRule> rules;
  const char* chosen;
};

TEST(ChooseClass, FollowsTheRules) {
  const Case cases[] = {
      {"no rules", {}, "default"},
      {"the id", {{Property::kId, "run-7"}}, "red"},
      {"a longer id", {{Property::kId, "run-77"}}, "default"},
      {"a shorter id", {{Property::kId, "run-"}}, "default"},
      {"another case", {{Property::kId, "RUN-7"}}, "default"},
      {"a prefix of the id", {{Property::kIdPrefix, "run-"}}, "red"},
      {"the whole id as prefix", {{Property::kIdPrefix, "run-7"}}, "red"},
      {"a prefix longer than the id", {{Property::kIdPrefix, "run-77"}}, "default"},
      {"a part of the id", {{Property::kIdPrefix, "un"}}, "default"},
      {"the name", {{Property::kName, "Census of whales"}}, "red"},
      {"a part of the name", {{Property::kName, "Census"}}, "default"},
      {"a prefix of the name", {{Property::kNamePrefix, "Census"}}, "red"},
      {"the id as name", {{Property::kName, "run-7"}, {Property::kNamePrefix, "run"}}, "default"},
      {"the algorithm", {{Property::kAlgorithm, DigestText()}}, "red"},
      {"another algorithm", {{Property::kAlgorithm, std::string(64, 'a')}}, "default"},
      {"one of two", {{Property::kId, "x"}, {Property::kName, "Census of whales"}}, "red"},
      {"both", {{Property::kId, "run-7"}, {Property::kName, "Census of whales"}}, "red"},
  };
  for (const Case& each : cases) {
    const std::vector<RunClass> classes = {
        {.name = "default"}, {.name = "blue"}, {.name = "red", .rules = each.rules}};
    const auto chosen = ChooseClass(classes, Request());
    ASSERT_TRUE(chosen) << each.what;
    EXPECT_EQ((*chosen)->name, each.chosen) << each.what;
  }
}

TEST(ChooseClass, RefusesWhatTwoClassesClaim) {
  const std::vector<RunClass> classes = {
      {.name = "default"},
      {.name = "red", .rules = {{Property::kIdPrefix, "run-"}}},
      {.name = "blue", .rules = {{Property::kName, "Census of whales"}}}};

  EXPECT_THAT(
      ChooseClass(classes, Request()),
      FailsWith(ErrorCode::kFailedPrecondition, AllOf(HasSubstr("computation \"run-7\""),
                                                      HasSubstr("\"red\" and \"blue\" both fit"))));
}

TEST(ChooseClass, KnowsNoOtherProperties) {
  EXPECT_EQ(PropertyNamed("name_prefix"), Property::kNamePrefix);
  EXPECT_EQ(PropertyNamed("team"), std::nullopt);
  EXPECT_EQ(PropertyNamed(""), std::nullopt);
}

}  // namespace
}  // namespace cocos::cms
