#include "collateral/clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace cocos::collateral {
namespace {

using std::chrono::milliseconds;

TEST(SystemClock, WaitsAtLeastAsLongAsAsked) {
  SystemClock clock;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(clock.Wait(milliseconds(20), {}));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(20));
}

TEST(SystemClock, EndsAWaitWhenStopped) {
  SystemClock clock;
  std::stop_source stop;
  const auto begin = std::chrono::steady_clock::now();
  std::thread stopper([&stop] { stop.request_stop(); });
  EXPECT_FALSE(clock.Wait(std::chrono::minutes(10), stop.get_token()));
  stopper.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(SystemClock, DoesNotWaitOnceStopped) {
  SystemClock clock;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(clock.Wait(std::chrono::minutes(10), stop.get_token()));
}

}  // namespace
}  // namespace cocos::collateral
