#include "cms/backoff.h"

#include <gmock/gmock.h>

#include <vector>

namespace cocos::cms {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr Backoff::Options kOptions{.first = 500ms, .cap = 60s, .stable = 60s};

Backoff WithJitter(double share) {
  return Backoff(kOptions, [share] { return share; });
}

TEST(Backoff, DoublesUpToItsCap) {
  Backoff backoff = WithJitter(0);
  std::vector<Backoff::Duration> waits;
  for (int i = 0; i < 9; ++i) waits.push_back(backoff.NextWait(0ms));

  EXPECT_THAT(waits, ElementsAre(500ms, 1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s));
}

TEST(Backoff, TakesAwayUpToHalf) {
  EXPECT_EQ(WithJitter(0.5).NextWait(0ms), 375ms);
  EXPECT_EQ(WithJitter(0.999999).NextWait(0ms), 251ms);
}

TEST(Backoff, BeginsAnewAfterAMinuteOfConnection) {
  Backoff backoff = WithJitter(0);
  backoff.NextWait(0ms);
  backoff.NextWait(0ms);

  EXPECT_EQ(backoff.NextWait(60s), 500ms);
}

TEST(Backoff, GoesOnAfterAConnectionThatDidNotLast) {
  Backoff backoff = WithJitter(0);
  backoff.NextWait(0ms);

  EXPECT_EQ(backoff.NextWait(59'999ms), 1s);
}

}  // namespace
}  // namespace cocos::cms
