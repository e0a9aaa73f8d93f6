#include "testagent/reporter.h"

#include <gmock/gmock.h>

namespace cocos::testagent {
namespace {

TEST(LogPieces, ANoLongerTextStaysWhole) {
  EXPECT_THAT(LogPieces(std::string(500, 'x')), ::testing::SizeIs(1));
}

TEST(LogPieces, CutsAfterFiveHundredBytes) {
  const auto pieces = LogPieces(std::string(501, 'x'));

  ASSERT_THAT(pieces, ::testing::SizeIs(2));
  EXPECT_EQ(pieces[0].size(), 500u);
  EXPECT_EQ(pieces[1].size(), 1u);
}

TEST(LogPieces, CutsBeforeACharacterThatDoesNotFit) {
  const std::string head(498, 'x');

  EXPECT_THAT(LogPieces(head + "\xE2\x82\xAC"), ::testing::ElementsAre(head, "\xE2\x82\xAC"));
}

TEST(LogPieces, RepairsWhatIsNotUtf8) {
  EXPECT_THAT(LogPieces("a\xFF"
                        "b"),
              ::testing::ElementsAre("a\xEF\xBF\xBD"
                                     "b"));
}

TEST(LogPieces, NothingGivesNoPiece) { EXPECT_THAT(LogPieces(""), ::testing::IsEmpty()); }

TEST(OutboxReporter, SendsEventsAsTheAgent) {
  Outbox outbox;
  OutboxReporter reporter(outbox, LogLevel::kDebug);

  reporter.Event("7", "Running", "Starting");

  const auto message = outbox.Pop({});
  EXPECT_EQ(message->agent_event().event_type(), "Running");
  EXPECT_EQ(message->agent_event().status(), "Starting");
  EXPECT_EQ(message->agent_event().computation_id(), "7");
  EXPECT_EQ(message->agent_event().originator(), "agent");
  EXPECT_GT(message->agent_event().timestamp().seconds(), 0);
}

TEST(OutboxReporter, DropsLogsBelowTheLevel) {
  Outbox outbox;
  OutboxReporter reporter(outbox, LogLevel::kWarn);

  reporter.Log("7", LogLevel::kInfo, "quiet");
  reporter.Log("7", LogLevel::kWarn, "loud");

  const auto message = outbox.Pop({});
  EXPECT_EQ(message->agent_log().message(), "loud");
  EXPECT_EQ(message->agent_log().level(), "WARN");
}

}  // namespace
}  // namespace cocos::testagent
