#include "daemon/run_classes.h"

#include <gmock/gmock.h>

#include "config/match_rules.h"

namespace cocos::daemon {
namespace {

TEST(RunClasses, KeepOrderNamesPortsAndEveryKeyOfTheConfiguration) {
  config::ClassConfig standard{.name = "default"};
  config::ClassConfig red{.name = "red", .guest_port = 7010};
  for (const char* key : {"id", "id_prefix", "name", "name_prefix"}) {
    red.match.push_back(*config::ParseMatchRule(key, "x"));
  }
  red.match.push_back(*config::ParseMatchRule("algorithm", std::string(64, 'a')));

  const auto classes = RunClassesFrom({standard, red});

  ASSERT_EQ(classes.size(), 2u);
  EXPECT_EQ(classes[0].name, "default");
  EXPECT_EQ(classes[0].agent_port, 7002);
  EXPECT_EQ(classes[1].name, "red");
  EXPECT_EQ(classes[1].agent_port, 7010);
  ASSERT_EQ(classes[1].rules.size(), 5u);
  EXPECT_EQ(classes[1].rules[1].property, cms::Property::kIdPrefix);
  EXPECT_EQ(classes[1].rules[4].property, cms::Property::kAlgorithm);
  EXPECT_EQ(classes[1].rules[4].value, std::string(64, 'a'));
}

}  // namespace
}  // namespace cocos::daemon
