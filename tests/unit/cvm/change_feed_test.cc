#include "cvm/change_feed.h"

#include <thread>

#include "support/result_matchers.h"

namespace cocos::cvm {
namespace {

using namespace std::chrono_literals;
using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Change SomeChange() { return Change{.cvm = Snapshot{.id = CvmId::Random()}}; }

TEST(ChangeFeed, NumbersChangesFromOne) {
  ChangeFeed feed(8);

  EXPECT_EQ(feed.last_revision(), 0u);
  EXPECT_EQ(feed.Publish(SomeChange()), 1u);
  EXPECT_EQ(feed.Publish(SomeChange()), 2u);
  EXPECT_EQ(feed.last_revision(), 2u);
}

TEST(ChangeFeed, ReturnsEverythingAfterARevisionInOrder) {
  ChangeFeed feed(8);
  for (int i = 0; i < 4; ++i) feed.Publish(SomeChange());

  const auto changes = feed.Next(1, 0ms);

  ASSERT_THAT(changes, Succeeds());
  ASSERT_THAT(*changes, SizeIs(3));
  EXPECT_EQ(changes->front().revision, 2u);
  EXPECT_EQ(changes->back().revision, 4u);
}

TEST(ChangeFeed, ReturnsAtMostTheLimit) {
  ChangeFeed feed(8);
  for (int i = 0; i < 4; ++i) feed.Publish(SomeChange());

  const auto changes = feed.Next(0, 0ms, 2);

  ASSERT_THAT(changes, Succeeds());
  EXPECT_THAT(*changes, SizeIs(2));
}

TEST(ChangeFeed, AnswersEmptyWhenNothingHappens) {
  ChangeFeed feed(8);
  feed.Publish(SomeChange());

  const auto changes = feed.Next(1, 1ms);

  ASSERT_THAT(changes, Succeeds());
  EXPECT_THAT(*changes, SizeIs(0));
}

TEST(ChangeFeed, WakesAWaitingWatcher) {
  ChangeFeed feed(8);
  std::jthread publisher([&feed] { feed.Publish(SomeChange()); });

  const auto changes = feed.Next(0, 10s);

  ASSERT_THAT(changes, Succeeds());
  EXPECT_THAT(*changes, SizeIs(1));
}

TEST(ChangeFeed, TellsAWatcherThatFellBehind) {
  ChangeFeed feed(2);
  for (int i = 0; i < 4; ++i) feed.Publish(SomeChange());

  EXPECT_THAT(feed.Next(1, 0ms),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("oldest change kept here is 3")));
  EXPECT_THAT(feed.Next(2, 0ms), Succeeds());
}

TEST(ChangeFeed, RefusesARevisionOfAnotherProcess) {
  ChangeFeed feed(2);
  feed.Publish(SomeChange());

  const auto changes = feed.Next(2, 0ms);

  ASSERT_THAT(changes, FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("list again")));
  EXPECT_EQ(changes.error().reason(), "revision-gone");
}

TEST(ChangeFeed, NeverTakesARevisionOfAnEarlierProcessForItsOwn) {
  ChangeFeed feed(8, 1000);
  feed.Publish(SomeChange());

  EXPECT_EQ(feed.last_revision(), 1001u);
  EXPECT_THAT(feed.Next(5, 0ms), FailsWith(ErrorCode::kFailedPrecondition));
  EXPECT_THAT(*feed.Next(1000, 0ms), SizeIs(1));
}

TEST(ChangeFeed, StartsWithTheOldestChangeKeptForRevisionZero) {
  ChangeFeed feed(2, 1000);
  EXPECT_THAT(*feed.Next(0, 0ms), SizeIs(0));
  for (int i = 0; i < 4; ++i) feed.Publish(SomeChange());

  EXPECT_EQ(feed.Next(0, 0ms)->front().revision, 1003u);
}

TEST(ChangeFeed, EndsWaitingWhenClosed) {
  ChangeFeed feed(2);
  std::jthread closer([&feed] { feed.Close(); });

  EXPECT_THAT(feed.Next(0, 10s), FailsWith(ErrorCode::kCancelled));
}

}  // namespace
}  // namespace cocos::cvm
