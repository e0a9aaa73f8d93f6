#include "cms/outbox.h"

#include <gmock/gmock.h>

#include <thread>

#include "cms/messages.h"

namespace cocos::cms {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

manager::ClientStreamMessage LogLine(const std::string& text) {
  return ManagerLog("7", "INFO", text);
}
manager::ClientStreamMessage NamedEvent(const std::string& type) {
  return Event("7", type, "Completed");
}

// The text of a log or the type of an event; empty when there is nothing.
std::string Next(Outbox& outbox) {
  std::stop_source stop;
  const std::jthread impatient([&stop](const std::stop_token& done) {
    std::mutex mutex;
    std::condition_variable_any condition;
    std::unique_lock lock(mutex);
    condition.wait_for(lock, done, 200ms, [] { return false; });
    stop.request_stop();
  });
  const auto message = outbox.Pop(stop.get_token());
  if (!message) return "";
  return message->has_agent_log() ? message->agent_log().message()
                                  : message->agent_event().event_type();
}

Outbox::Options RoomFor(const manager::ClientStreamMessage& message, std::size_t count) {
  return {.max_bytes = message.ByteSizeLong() * count};
}

TEST(Outbox, KeepsTheOrderOfLogsAndEvents) {
  Outbox outbox({});
  outbox.Push(LogLine("a"), Weight::kLog);
  outbox.Push(NamedEvent("b"), Weight::kEvent);
  outbox.Push(LogLine("c"), Weight::kLog);

  EXPECT_EQ(Next(outbox), "a");
  EXPECT_EQ(Next(outbox), "b");
  EXPECT_EQ(Next(outbox), "c");
  EXPECT_EQ(Next(outbox), "");
}

TEST(Outbox, LetsEventsOvertakeABacklogOfLogs) {
  const std::size_t log_bytes = LogLine("a").ByteSizeLong();
  Outbox outbox({.ordered_bytes = 2 * log_bytes + NamedEvent("x").ByteSizeLong()});
  for (const char* const text : {"a", "b", "c", "d"}) outbox.Push(LogLine(text), Weight::kLog);
  outbox.Push(NamedEvent("x"), Weight::kEvent);
  outbox.Push(NamedEvent("y"), Weight::kEvent);

  EXPECT_EQ(Next(outbox), "x");
  EXPECT_EQ(Next(outbox), "y");
  EXPECT_EQ(Next(outbox), "a");
}

TEST(Outbox, SendsWhatWasPutBackFirst) {
  Outbox outbox({});
  outbox.Push(LogLine("a"), Weight::kLog);
  outbox.Push(LogLine("b"), Weight::kLog);
  std::stop_source stop;
  auto taken = outbox.Pop(stop.get_token());

  outbox.PutBack(*std::move(taken));

  EXPECT_EQ(Next(outbox), "a");
  EXPECT_EQ(Next(outbox), "b");
}

TEST(Outbox, WakesWhoWaits) {
  Outbox outbox({});
  std::stop_source stop;
  std::jthread pusher([&outbox] { outbox.Push(LogLine("late"), Weight::kLog); });

  const auto message = outbox.Pop(stop.get_token());

  ASSERT_TRUE(message);
  EXPECT_EQ(message->agent_log().message(), "late");
}

TEST(Outbox, LosesNothingToAStop) {
  Outbox outbox({});
  outbox.Push(LogLine("a"), Weight::kLog);
  std::stop_source stop;
  stop.request_stop();

  EXPECT_FALSE(outbox.Pop(stop.get_token()));

  EXPECT_EQ(Next(outbox), "a");
}

TEST(Outbox, DropsTheOldestLogFirstAndSaysHowMany) {
  Outbox outbox(RoomFor(NamedEvent("1"), 3));
  outbox.Push(NamedEvent("1"), Weight::kEvent);
  outbox.Push(LogLine("old log"), Weight::kLog);
  outbox.Push(NamedEvent("2"), Weight::kEvent);
  outbox.Push(NamedEvent("3"), Weight::kEvent);

  EXPECT_EQ(outbox.dropped(), (Outbox::Dropped{.logs = 1, .events = 0}));
  EXPECT_THAT(Next(outbox), HasSubstr("1 log messages and 0 events were dropped"));
  EXPECT_EQ(Next(outbox), "1");
  EXPECT_EQ(Next(outbox), "2");
  EXPECT_EQ(Next(outbox), "3");
  EXPECT_EQ(Next(outbox), "");
}

TEST(Outbox, DropsEventsOnlyWhenThereIsNothingElse) {
  Outbox outbox(RoomFor(NamedEvent("1"), 2));
  for (const char* const type : {"1", "2", "3"}) outbox.Push(NamedEvent(type), Weight::kEvent);

  EXPECT_EQ(outbox.dropped(), (Outbox::Dropped{.logs = 0, .events = 1}));
  EXPECT_THAT(Next(outbox), HasSubstr("0 log messages and 1 events"));
  EXPECT_EQ(Next(outbox), "2");
}

TEST(Outbox, TellsOfEachDropOnce) {
  Outbox outbox(RoomFor(NamedEvent("1"), 1));
  outbox.Push(NamedEvent("1"), Weight::kEvent);
  outbox.Push(NamedEvent("2"), Weight::kEvent);
  EXPECT_THAT(Next(outbox), HasSubstr("1 events"));
  EXPECT_EQ(Next(outbox), "2");
  outbox.Push(NamedEvent("3"), Weight::kEvent);
  outbox.Push(NamedEvent("4"), Weight::kEvent);

  EXPECT_THAT(Next(outbox), HasSubstr("1 events"));
}

TEST(Outbox, DropsAMessageThatIsLargerThanAllRoom) {
  Outbox outbox({.max_bytes = 1000});
  outbox.Push(NamedEvent("kept"), Weight::kEvent);

  outbox.Push(LogLine(std::string(2000, 'x')), Weight::kLog);

  EXPECT_EQ(outbox.dropped(), (Outbox::Dropped{.logs = 1, .events = 0}));
  EXPECT_THAT(Next(outbox), HasSubstr("1 log messages"));
  EXPECT_EQ(Next(outbox), "kept");
}

TEST(Outbox, DropsLogsThatWaitedTooLong) {
  Outbox outbox({.max_log_age = 10s});
  const auto now = Outbox::Clock::now();
  outbox.Push(LogLine("old"), Weight::kLog, now - 11s);
  outbox.Push(LogLine("young"), Weight::kLog, now - 9s);
  outbox.Push(NamedEvent("old event"), Weight::kEvent, now - 11s);

  EXPECT_THAT(Next(outbox), HasSubstr("1 log messages and 0 events"));
  EXPECT_EQ(Next(outbox), "young");
  EXPECT_EQ(Next(outbox), "old event");
}

TEST(Outbox, CountsItsBytes) {
  Outbox outbox({});
  outbox.Push(LogLine("a"), Weight::kLog);
  EXPECT_EQ(outbox.bytes(), LogLine("a").ByteSizeLong());

  Next(outbox);

  EXPECT_EQ(outbox.bytes(), 0u);
}

}  // namespace
}  // namespace cocos::cms
