#include "cvm/log_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace cocos::cvm {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

LogEntry Line(const std::string& text) { return {.time = {}, .level = "INFO", .text = text}; }

std::vector<std::string> TextsOf(const LogRing::Batch& batch) {
  std::vector<std::string> texts;
  for (const auto& entry : batch.entries) texts.push_back(entry->text);
  return texts;
}

TEST(LogRing, GivesEntriesInOrderAndWhereToGoOn) {
  LogRing ring;
  for (const char* text : {"a", "b", "c"}) ring.Append(Line(text));

  const LogRing::Batch first = ring.Read(0, 0ms, 2);
  const LogRing::Batch second = ring.Read(first.next, 0ms, 2);

  EXPECT_THAT(TextsOf(first), ElementsAre("a", "b"));
  EXPECT_THAT(TextsOf(second), ElementsAre("c"));
  EXPECT_EQ(second.next, ring.end());
  EXPECT_EQ(first.lost + second.lost, 0u);
}

TEST(LogRing, TellsAReaderHowManyEntriesItMissed) {
  LogRing ring({.entries = 2});
  for (const char* text : {"a", "b", "c", "d", "e"}) ring.Append(Line(text));

  const LogRing::Batch batch = ring.Read(1, 0ms, 10);

  EXPECT_EQ(batch.lost, 2u);
  EXPECT_THAT(TextsOf(batch), ElementsAre("d", "e"));
}

TEST(LogRing, IsBoundedByBytesWhateverTheEntries) {
  constexpr std::size_t kBytes = 10'000;
  LogRing ring({.bytes = kBytes, .entries = 1'000'000});

  for (int i = 0; i < 100'000; ++i)
    ring.Append(Line(std::string(static_cast<size_t>(i % 900), 'x')));

  EXPECT_LE(ring.bytes(), kBytes);
  EXPECT_EQ(ring.end(), 100'000u);
  EXPECT_FALSE(ring.Read(0, 0ms, 10).entries.empty());
}

TEST(LogRing, IsBoundedByEntriesWhateverTheBytes) {
  LogRing ring({.entries = 3});

  for (int i = 0; i < 1000; ++i) ring.Append(Line(""));

  EXPECT_EQ(ring.Read(0, 0ms, 1000).entries.size(), 3u);
}

TEST(LogRing, CutsALongTextInFrontOfACharacter) {
  LogRing ring({.text_bytes = 4});

  ring.Append(Line("abc\xc3\xa9 and more"));

  EXPECT_THAT(TextsOf(ring.Read(0, 0ms, 1)), ElementsAre("abc [11 bytes cut]"));
}

TEST(LogRing, KeepsATextOfExactlyTheBound) {
  LogRing ring({.text_bytes = 4});

  ring.Append(Line("abcd"));

  EXPECT_THAT(TextsOf(ring.Read(0, 0ms, 1)), ElementsAre("abcd"));
}

TEST(LogRing, AnswersEmptyWhenNothingComes) {
  const LogRing ring;

  const LogRing::Batch batch = ring.Read(0, 1ms, 1);

  EXPECT_THAT(batch.entries, IsEmpty());
  EXPECT_FALSE(batch.closed);
}

TEST(LogRing, WakesAWaitingReader) {
  LogRing ring;
  std::jthread writer([&ring] { ring.Append(Line("news")); });

  EXPECT_THAT(TextsOf(ring.Read(0, 10s, 1)), ElementsAre("news"));
}

TEST(LogRing, GivesWhatThereIsBeforeItSaysThatItIsClosed) {
  LogRing ring;
  ring.Append(Line("a"));
  ring.Append(Line("b"));
  ring.Close();
  ring.Append(Line("too late"));

  EXPECT_FALSE(ring.Read(0, 10s, 1).closed);
  EXPECT_TRUE(ring.Read(1, 10s, 1).closed);
  EXPECT_TRUE(ring.Read(2, 10s, 1).closed);
  EXPECT_THAT(ring.Read(2, 10s, 1).entries, IsEmpty());
}

}  // namespace
}  // namespace cocos::cvm
