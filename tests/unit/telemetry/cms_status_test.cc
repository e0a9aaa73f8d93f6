#include "telemetry/cms_status.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace cocos {
namespace {

TEST(CmsStatusJson, ShowsAConnection) {
  const auto json = nlohmann::json::parse(
      CmsStatusJson({.connected_since = std::chrono::system_clock::time_point(),
                     .connections = 3,
                     .last_error = "",
                     .queue_bytes = 17,
                     .dropped_logs = 5,
                     .dropped_events = 1}));

  EXPECT_EQ(json["connected"], true);
  EXPECT_THAT(json["since"].get<std::string>(), ::testing::HasSubstr("T"));
  EXPECT_EQ(json["connections"], 3);
  EXPECT_EQ(json["queue_bytes"], 17);
  EXPECT_EQ(json["dropped_logs"], 5);
  EXPECT_EQ(json["dropped_events"], 1);
}

TEST(CmsStatusJson, ShowsWhyThereIsNone) {
  const auto json = nlohmann::json::parse(CmsStatusJson({.last_error = "say \"no\"\n\xff"}));

  EXPECT_EQ(json["connected"], false);
  EXPECT_EQ(json["since"], "");
  EXPECT_EQ(json["last_error"], "say \"no\"\n\uFFFD");
}

}  // namespace
}  // namespace cocos
