#include "testagent/outbox.h"

#include <gmock/gmock.h>

#include <thread>

namespace cocos::testagent {
namespace {

cvms::ClientStreamMessage Event(const std::string& type) {
  cvms::ClientStreamMessage message;
  message.mutable_agent_event()->set_event_type(type);
  return message;
}

cvms::ClientStreamMessage Log(const std::string& text) {
  cvms::ClientStreamMessage message;
  message.mutable_agent_log()->set_message(text);
  return message;
}

// All messages in the outbox, in order.
std::vector<std::string> Drain(Outbox& outbox, std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    const auto message = outbox.Pop({});
    texts.push_back(message->agent_event().event_type() + message->agent_log().message());
  }
  return texts;
}

TEST(Outbox, KeepsTheOrder) {
  Outbox outbox;
  outbox.Push(Event("1"));
  outbox.Push(Log("2"));

  EXPECT_THAT(Drain(outbox, 2), ::testing::ElementsAre("1", "2"));
}

TEST(Outbox, GivesAMessagePutBackFirst) {
  Outbox outbox;
  outbox.Push(Event("1"));
  outbox.Push(Event("2"));
  outbox.PutBack(*outbox.Pop({}));

  EXPECT_THAT(Drain(outbox, 2), ::testing::ElementsAre("1", "2"));
}

TEST(Outbox, DropsTheOldestLogWhenFull) {
  Outbox outbox(3);
  outbox.Push(Event("1"));
  outbox.Push(Log("2"));
  outbox.Push(Log("3"));
  outbox.Push(Event("4"));

  EXPECT_THAT(Drain(outbox, 3), ::testing::ElementsAre("1", "3", "4"));
}

TEST(Outbox, DropsTheOldestEventOnlyWhenThereIsNoLog) {
  Outbox outbox(2);
  outbox.Push(Event("1"));
  outbox.Push(Event("2"));
  outbox.Push(Event("3"));

  EXPECT_THAT(Drain(outbox, 2), ::testing::ElementsAre("2", "3"));
}

TEST(Outbox, AStopEndsTheWait) {
  Outbox outbox;
  bool got_message = true;
  {
    std::jthread waiter([&](std::stop_token stop) { got_message = outbox.Pop(stop).has_value(); });
  }

  EXPECT_FALSE(got_message);
}

TEST(Outbox, AStopLeavesMessagesForTheNextConnection) {
  Outbox outbox;
  outbox.Push(Event("1"));
  std::stop_source stop;
  stop.request_stop();

  EXPECT_FALSE(outbox.Pop(stop.get_token()));
  EXPECT_THAT(Drain(outbox, 1), ::testing::ElementsAre("1"));
}

}  // namespace
}  // namespace cocos::testagent
