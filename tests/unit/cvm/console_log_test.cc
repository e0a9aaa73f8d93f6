#include "cvm/console_log.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::cvm {
namespace {

using cocos::testing::Succeeds;
using cocos::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ConsoleLogTest : public ::testing::Test {
 protected:
  ConsoleLogTest() : consoles_(*ConsoleLog::Open(dir_.path() + "/console")) {}

  void Append(const std::string& text) {
    std::ofstream(consoles_.PathOf(id_), std::ios::app | std::ios::binary) << text;
  }

  TempDir dir_;
  ConsoleLog consoles_;
  const CvmId id_ = CvmId::Random();
};

TEST_F(ConsoleLogTest, PreparesAnEmptyFileThatOnlyTheManagerReads) {
  ASSERT_THAT(consoles_.Prepare(id_), Succeeds());

  struct stat status = {};
  ASSERT_EQ(::stat(consoles_.PathOf(id_).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(status.st_size, 0);
}

TEST_F(ConsoleLogTest, PreparingAgainDropsWhatAnEarlierGuestWrote) {
  Append("old\n");

  ASSERT_THAT(consoles_.Prepare(id_), Succeeds());

  EXPECT_EQ(consoles_.Tail(id_), "");
}

TEST_F(ConsoleLogTest, TailIsTheLastTwentyLines) {
  for (int i = 1; i <= 30; ++i) Append(std::to_string(i) + "\n");

  const std::string tail = consoles_.Tail(id_);

  EXPECT_TRUE(tail.starts_with("11\n12\n")) << tail;
  EXPECT_TRUE(tail.ends_with("\n29\n30")) << tail;
}

TEST_F(ConsoleLogTest, TailOfAFileWithoutALineBreakIsTheText) {
  Append("panic");

  EXPECT_EQ(consoles_.Tail(id_), "panic");
}

TEST_F(ConsoleLogTest, TailDropsControlSequencesAndReplacesOtherBytes) {
  Append("\x1b[31mred\x1b[0m \x01\xff\r\nend\x1b[");

  EXPECT_EQ(consoles_.Tail(id_), "red ??\nend");
}

TEST_F(ConsoleLogTest, TailOfNothingIsEmpty) { EXPECT_EQ(consoles_.Tail(CvmId::Random()), ""); }

TEST_F(ConsoleLogTest, TrimBoundsAFloodAndKeepsItsEnd) {
  Append(std::string(5u << 20, 'x') + "the end");

  ASSERT_THAT(consoles_.Trim(id_), Succeeds());

  EXPECT_EQ(std::filesystem::file_size(consoles_.PathOf(id_)), 1u << 20);
  EXPECT_TRUE(consoles_.Tail(id_).ends_with("xthe end"));
}

TEST_F(ConsoleLogTest, TrimLeavesASmallFileAlone) {
  Append("small\n");

  ASSERT_THAT(consoles_.Trim(id_), Succeeds());

  EXPECT_EQ(consoles_.Tail(id_), "small");
}

TEST_F(ConsoleLogTest, RemoveTakesRotatedFilesToo) {
  Append("now");
  std::ofstream(consoles_.PathOf(id_) + ".0") << "before";
  EXPECT_THAT(*consoles_.List(), ElementsAre(id_));

  ASSERT_THAT(consoles_.Remove(id_), Succeeds());

  EXPECT_THAT(*consoles_.List(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(consoles_.PathOf(id_) + ".0"));
}

}  // namespace
}  // namespace cocos::cvm
