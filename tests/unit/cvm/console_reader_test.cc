#include "cvm/console_reader.h"

#include <filesystem>
#include <fstream>

#include "cvm/console_log.h"
#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::cvm {
namespace {

using cocos::testing::Succeeds;
using cocos::testing::TempDir;

class ConsoleReaderTest : public ::testing::Test {
 protected:
  ConsoleReaderTest()
      : consoles_(*ConsoleLog::Open(dir_.path() + "/console")), reader_(consoles_.Read(id_)) {}

  void Append(const std::string& text) {
    std::ofstream(Path(), std::ios::app | std::ios::binary) << text;
  }
  // What virtlogd does with a file that is full.
  void Rotate() {
    if (std::filesystem::exists(Path() + ".0")) {
      std::filesystem::rename(Path() + ".0", Path() + ".1");
    }
    std::filesystem::rename(Path(), Path() + ".0");
    Append("");
  }
  std::string Path() const { return consoles_.PathOf(id_); }

  std::string Read() { return Next().bytes; }
  // Everything there is now, in pieces.
  ConsoleReader::Piece ReadAll() {
    ConsoleReader::Piece all;
    while (true) {
      const ConsoleReader::Piece piece = Next();
      if (piece.bytes.empty()) return all;
      all.bytes += piece.bytes;
      all.lost = all.lost || piece.lost;
    }
  }
  ConsoleReader::Piece Next() {
    Result<ConsoleReader::Piece> piece = reader_.Next(1 << 16);
    EXPECT_THAT(piece, Succeeds());
    return piece.value_or(ConsoleReader::Piece{});
  }

  TempDir dir_;
  const CvmId id_ = CvmId::Random();
  ConsoleLog consoles_;
  ConsoleReader reader_;
};

TEST_F(ConsoleReaderTest, WaitsForAFileThatIsNotThereYet) {
  EXPECT_EQ(Read(), "");

  Append("first words");

  EXPECT_EQ(Read(), "first words");
}

TEST_F(ConsoleReaderTest, GivesWhatWasAppended) {
  Append("one\n");
  EXPECT_EQ(Read(), "one\n");
  EXPECT_EQ(Read(), "");

  Append(std::string("two\0\x1b[31m\xff\n", 11));

  EXPECT_EQ(Read(), std::string("two\0\x1b[31m\xff\n", 11));
}

TEST_F(ConsoleReaderTest, GivesPiecesOfTheSizeAskedFor) {
  Append("abcdef");

  EXPECT_EQ(reader_.Next(4)->bytes, "abcd");
  EXPECT_EQ(reader_.Next(4)->bytes, "ef");
}

TEST_F(ConsoleReaderTest, KeepsItsPlaceWhenTheFileIsTrimmed) {
  Append(std::string(5u << 20, 'x'));
  ReadAll();
  Append("read before");
  EXPECT_EQ(Read(), "read before");

  ASSERT_THAT(consoles_.Trim(id_), Succeeds());
  EXPECT_EQ(Read(), "");
  Append("after");

  const ConsoleReader::Piece piece = Next();
  EXPECT_EQ(piece.bytes, "after");
  EXPECT_FALSE(piece.lost);
}

TEST_F(ConsoleReaderTest, SaysThatOutputWasCutOffBeforeItWasRead) {
  Append("seen");
  EXPECT_EQ(Read(), "seen");
  Append(std::string(5u << 20, 'x') + "the end");

  ASSERT_THAT(consoles_.Trim(id_), Succeeds());

  const ConsoleReader::Piece rest = ReadAll();
  EXPECT_EQ(rest.bytes.size(), 1u << 20);
  EXPECT_TRUE(rest.bytes.ends_with("xthe end"));
  EXPECT_TRUE(rest.lost);
}

TEST_F(ConsoleReaderTest, ReadsARotatedFileToItsEndAndGoesOnWithTheNext) {
  Append("one ");
  EXPECT_EQ(Read(), "one ");
  Append("two ");
  Rotate();
  Append("three");

  const ConsoleReader::Piece rest = ReadAll();

  EXPECT_EQ(rest.bytes, "two three");
  EXPECT_FALSE(rest.lost);
}

TEST_F(ConsoleReaderTest, SaysThatAFileWasMissedBetweenTwoRotations) {
  Append("one");
  EXPECT_EQ(Read(), "one");
  Rotate();
  Append("never seen");
  Rotate();
  Append("three");

  const ConsoleReader::Piece rest = ReadAll();

  EXPECT_EQ(rest.bytes, "three");
  EXPECT_TRUE(rest.lost);
}

TEST_F(ConsoleReaderTest, BeginsAnewWhenSomebodyElseEmptiedTheFile) {
  Append("a long line of text");
  Read();

  std::filesystem::resize_file(Path(), 0);
  Append("new");

  const ConsoleReader::Piece piece = Next();
  EXPECT_EQ(piece.bytes, "new");
  EXPECT_TRUE(piece.lost);
}

TEST_F(ConsoleReaderTest, GivesTheRestOfAFileThatWasRemoved) {
  Append("one ");
  EXPECT_EQ(Read(), "one ");
  Append("last words");

  ASSERT_THAT(consoles_.Remove(id_), Succeeds());

  EXPECT_EQ(Read(), "last words");
  EXPECT_EQ(Read(), "");
}

}  // namespace
}  // namespace cocos::cvm
