#include "cvm/change_feed.h"

#include <thread>

#include "support/result_matchers.h"

namespace cocos::cvm {
namespace {

using namespace std::chrono_literals;
using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::ElementsAre;
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

Change NoteOf(const CvmId& id) {
  return Change{.kind = ChangeKind::kAgent, .cvm = Snapshot{.id = id}};
}

std::vector<std::uint64_t> RevisionsAfter(const ChangeFeed& feed, std::uint64_t revision) {
  std::vector<std::uint64_t> revisions;
  const auto changes = *feed.Next(revision, 0ms, 100'000);
  for (const Change& change : changes) revisions.push_back(change.revision);
  return revisions;
}

TEST(ChangeFeed, NumbersNotesAndChangesTogether) {
  ChangeFeed feed(8);
  feed.Publish(SomeChange());
  feed.Publish(NoteOf(CvmId::Random()));
  feed.Publish(SomeChange());

  EXPECT_THAT(RevisionsAfter(feed, 0), ElementsAre(1, 2, 3));
}

TEST(ChangeFeed, ANotePushesOutTheOldestOfItsOwnCvmFirst) {
  ChangeFeed feed(8);
  feed.Publish(SomeChange());
  feed.Publish(NoteOf(CvmId::Random()));
  const CvmId noisy = CvmId::Random();

  for (std::size_t i = 0; i < ChangeFeed::kMaxNotesOfCvm + 3; ++i) feed.Publish(NoteOf(noisy));

  const std::vector<std::uint64_t> kept = RevisionsAfter(feed, 0);
  EXPECT_THAT(kept, SizeIs(2 + ChangeFeed::kMaxNotesOfCvm));
  EXPECT_THAT(std::vector(kept.begin(), kept.begin() + 3), ElementsAre(1, 2, 6));
}

TEST(ChangeFeed, NotesOfManyCvmsPushOutNoChange) {
  ChangeFeed feed(8);
  feed.Publish(SomeChange());

  for (std::size_t i = 0; i < ChangeFeed::kMaxNotes + 5; ++i) feed.Publish(NoteOf(CvmId::Random()));

  const std::vector<std::uint64_t> kept = RevisionsAfter(feed, 0);
  EXPECT_THAT(kept, SizeIs(1 + ChangeFeed::kMaxNotes));
  EXPECT_EQ(kept.front(), 1u);
  EXPECT_EQ(kept[1], 7u);
}

TEST(ChangeFeed, AWatcherThatMissedOnlyNotesGoesOn) {
  ChangeFeed feed(2);
  const CvmId noisy = CvmId::Random();
  feed.Publish(SomeChange());
  for (std::size_t i = 0; i < 10 * ChangeFeed::kMaxNotesOfCvm; ++i) feed.Publish(NoteOf(noisy));
  feed.Publish(SomeChange());

  const auto changes = feed.Next(1, 0ms, 1000);

  ASSERT_THAT(changes, Succeeds());
  EXPECT_THAT(*changes, SizeIs(ChangeFeed::kMaxNotesOfCvm + 1));
}

TEST(ChangeFeed, DropsNotesThatNobodyCanAskForAnyMore) {
  ChangeFeed feed(1);
  feed.Publish(NoteOf(CvmId::Random()));
  feed.Publish(SomeChange());
  feed.Publish(SomeChange());

  EXPECT_THAT(RevisionsAfter(feed, 0), ElementsAre(3));
  EXPECT_THAT(feed.Next(1, 0ms), FailsWith(ErrorCode::kFailedPrecondition));
}

TEST(ChangeFeed, EndsWaitingWhenClosed) {
  ChangeFeed feed(2);
  std::jthread closer([&feed] { feed.Close(); });

  EXPECT_THAT(feed.Next(0, 10s), FailsWith(ErrorCode::kCancelled));
}

}  // namespace
}  // namespace cocos::cvm
