#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Succeeds;

constexpr uid_t kNobody = 65534;

FileAccess Own(mode_t mode) { return {::geteuid(), ::getegid(), mode}; }

mode_t ModeOf(const std::string& path) {
  struct stat status = {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

class File : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }
  void Write(const std::string& name, const std::string& content) {
    std::ofstream(Path(name), std::ios::binary) << content;
  }
  SecureDir Dir() { return *SecureDir::Open(dir_.path()); }

  testing::TempDir dir_;
};

TEST_F(File, ReadsTheWholeContent) {
  const std::string content = std::string("a\0b", 3) + std::string(200'000, 'x');
  Write("f", content);
  ASSERT_THAT(ReadFile(Path("f")), Succeeds());
  EXPECT_EQ(*ReadFile(Path("f")), content);
}

TEST_F(File, ReadsExactlyTheMostBytesAllowedAndRefusesOneMore) {
  Write("f", "12345");
  EXPECT_THAT(ReadFile(Path("f"), 5), Succeeds());
  EXPECT_THAT(ReadFile(Path("f"), 4),
              FailsWith(ErrorCode::kResourceExhausted, HasSubstr("larger than 4 bytes")));
}

TEST_F(File, NamesAFileThatDoesNotExist) {
  EXPECT_THAT(ReadFile(Path("none")), FailsWith(ErrorCode::kNotFound, HasSubstr(Path("none"))));
  EXPECT_THAT(CheckReadableFile(Path("none")), FailsWith(ErrorCode::kNotFound));
}

TEST_F(File, RefusesAFifoWithoutWaitingForAWriter) {
  ASSERT_EQ(::mkfifo(Path("fifo").c_str(), 0600), 0);
  EXPECT_THAT(ReadFile(Path("fifo")),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("not a regular file")));
}

TEST_F(File, RefusesADirectory) {
  EXPECT_THAT(CheckReadableFile(dir_.path()), FailsWith(ErrorCode::kFailedPrecondition));
}

TEST_F(File, ReadsTheTailAlone) {
  Write("f", "0123456789");
  EXPECT_EQ(ReadFileTail(Path("f"), 3).value_or(""), "789");
  EXPECT_EQ(ReadFileTail(Path("f"), 100).value_or(""), "0123456789");
}

TEST_F(File, IdentityChangesWithTheContent) {
  Write("f", "one");
  const auto before = InputFile::Open(Path("f"))->Identify();
  ASSERT_THAT(before, Succeeds());
  EXPECT_EQ(*before, *InputFile::Open(Path("f"))->Identify());
  Write("f", "three");
  EXPECT_NE(*before, *InputFile::Open(Path("f"))->Identify());
}

TEST_F(File, CreatesADirectoryWithItsParents) {
  ASSERT_THAT(SecureDir::OpenOrCreate(Path("a/b"), Own(0750)), Succeeds());
  EXPECT_EQ(ModeOf(Path("a")), 0711u);
  EXPECT_EQ(ModeOf(Path("a/b")), 0750u);
}

TEST_F(File, CorrectsTheModeOfADirectoryThatExists) {
  ASSERT_EQ(::mkdir(Path("d").c_str(), 0700), 0);
  ASSERT_EQ(::chmod(Path("d").c_str(), 0777), 0);
  ASSERT_THAT(SecureDir::OpenOrCreate(Path("d"), Own(0700)), Succeeds());
  EXPECT_EQ(ModeOf(Path("d")), 0700u);
}

TEST_F(File, RefusesASymbolicLinkForADirectory) {
  ASSERT_EQ(::mkdir(Path("real").c_str(), 0755), 0);
  ASSERT_EQ(::symlink("real", Path("link").c_str()), 0);
  const auto refused =
      FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("found a symbolic link"));

  EXPECT_THAT(SecureDir::OpenOrCreate(Path("link"), Own(0700)), refused);
  EXPECT_THAT(SecureDir::Open(Path("link")), refused);
  EXPECT_THAT(Dir().OpenChild("link"), refused);
  EXPECT_EQ(ModeOf(Path("real")), 0755u);
}

TEST_F(File, RefusesADirectoryOfSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
  ASSERT_EQ(::mkdir(Path("d").c_str(), 0755), 0);
  ASSERT_EQ(::chown(Path("d").c_str(), kNobody, kNobody), 0);

  EXPECT_THAT(SecureDir::OpenOrCreate(Path("d"), Own(0700)),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("belongs to uid 65534")));
  EXPECT_EQ(ModeOf(Path("d")), 0755u);
  EXPECT_THAT(SecureDir::OpenOrCreate(Path("d"), {kNobody, kNobody, 0700}), Succeeds());
}

TEST_F(File, CreateRefusesATakenName) {
  ASSERT_THAT(Dir().Create("d", Own(0700)), Succeeds());
  EXPECT_THAT(Dir().Create("d", Own(0700)), FailsWith(ErrorCode::kAlreadyExists));
  ASSERT_EQ(::symlink("nowhere", Path("link").c_str()), 0);
  EXPECT_THAT(Dir().Create("link", Own(0700)), FailsWith(ErrorCode::kAlreadyExists));
}

TEST_F(File, NamesMustBeOnePathComponent) {
  for (const char* name : {"", ".", "..", "a/b", "/etc"}) {
    EXPECT_THAT(Dir().Create(name, Own(0700)), FailsWith(ErrorCode::kInvalidArgument)) << name;
    EXPECT_THAT(Dir().OpenChild(name), FailsWith(ErrorCode::kInvalidArgument)) << name;
    EXPECT_THAT(Dir().WriteNewFile(name, "", Own(0600)), FailsWith(ErrorCode::kInvalidArgument));
    EXPECT_THAT(Dir().RemoveTree(name), FailsWith(ErrorCode::kInvalidArgument)) << name;
  }
  EXPECT_THAT(Dir().Create("...", Own(0700)), Succeeds());
}

TEST_F(File, WritesANewFileWithContentAndMode) {
  ASSERT_THAT(Dir().WriteNewFile("f", "secret", Own(0440)), Succeeds());
  EXPECT_EQ(ReadFile(Path("f")).value_or(""), "secret");
  EXPECT_EQ(ModeOf(Path("f")), 0440u);
}

TEST_F(File, WriteNewFileLeavesAnExistingFileAlone) {
  Write("f", "old");
  EXPECT_THAT(Dir().WriteNewFile("f", "new", Own(0600)), FailsWith(ErrorCode::kAlreadyExists));
  EXPECT_EQ(ReadFile(Path("f")).value_or(""), "old");
}

TEST_F(File, WriteNewFileDoesNotWriteThroughALink) {
  ASSERT_EQ(::symlink("target", Path("link").c_str()), 0);
  EXPECT_THAT(Dir().WriteNewFile("link", "x", Own(0600)), FailsWith(ErrorCode::kAlreadyExists));
  EXPECT_FALSE(std::filesystem::exists(Path("target")));
}

TEST_F(File, ReplaceFilePutsTheNewContentInPlaceOfTheOld) {
  ASSERT_THAT(Dir().ReplaceFile("f", "old", Own(0600)), Succeeds());
  ASSERT_THAT(Dir().WriteNewFile("f.new", "left by a crash", Own(0600)), Succeeds());

  EXPECT_THAT(Dir().ReplaceFile("f", "new", Own(0640)), Succeeds());

  EXPECT_EQ(ReadFile(Dir().path() + "/f").value(), "new");
  EXPECT_THAT(Dir().List().value(), ::testing::ElementsAre("f"));
}

TEST_F(File, ReplaceFileReplacesALinkAndNotWhatItPointsTo) {
  ASSERT_THAT(Dir().WriteNewFile("target", "kept", Own(0600)), Succeeds());
  ASSERT_EQ(::symlink("target", (Dir().path() + "/link").c_str()), 0);

  EXPECT_THAT(Dir().ReplaceFile("link", "new", Own(0600)), Succeeds());

  EXPECT_EQ(ReadFile(Dir().path() + "/target").value(), "kept");
  EXPECT_EQ(ReadFile(Dir().path() + "/link").value(), "new");
}

TEST_F(File, ReplaceFileKeepsTheOldContentAfterAFailure) {
  ASSERT_THAT(Dir().ReplaceFile("f", "old", Own(0600)), Succeeds());
  ASSERT_THAT(Dir().Create("f.new", Own(0700)), Succeeds());

  EXPECT_THAT(Dir().ReplaceFile("f", "new", Own(0600)), FailsWith(ErrorCode::kInternal));

  EXPECT_EQ(ReadFile(Dir().path() + "/f").value(), "old");
}

TEST_F(File, WriteNewFileLeavesNothingAfterAFailure) {
  // A limit on the size of files makes the write fail half-way, even for root.
  rlimit old_limit = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {.rlim_cur = 10, .rlim_max = old_limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = Dir().WriteNewFile("f", std::string(20, 'x'), Own(0600));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  std::signal(SIGXFSZ, old_handler);

  EXPECT_THAT(written, FailsWith(ErrorCode::kInternal, HasSubstr("File too large")));
  EXPECT_THAT(*Dir().List(), IsEmpty());
}

TEST_F(File, TrimsAFileThatHasGrown) {
  Write("log", "0123456789");
  ASSERT_THAT(Dir().TrimFile("log", 9, 4), Succeeds());
  EXPECT_EQ(ReadFile(Path("log")).value_or(""), "6789");
}

TEST_F(File, LeavesAFileOfExactlyTheLimitUntrimmed) {
  Write("log", "0123456789");
  ASSERT_THAT(Dir().TrimFile("log", 10, 4), Succeeds());
  EXPECT_EQ(ReadFile(Path("log")).value_or(""), "0123456789");
}

TEST_F(File, TrimsNeitherAMissingFileNorThroughALink) {
  EXPECT_THAT(Dir().TrimFile("none", 1, 1), Succeeds());
  Write("target", "0123456789");
  ASSERT_EQ(::symlink("target", Path("link").c_str()), 0);
  EXPECT_THAT(Dir().TrimFile("link", 1, 1), FailsWith(ErrorCode::kFailedPrecondition));
  EXPECT_EQ(ReadFile(Path("target")).value_or(""), "0123456789");
}

TEST_F(File, ListsNamesInOrder) {
  Write("b", "");
  Write("a", "");
  ASSERT_EQ(::mkdir(Path("c").c_str(), 0700), 0);
  EXPECT_THAT(*Dir().List(), ElementsAre("a", "b", "c"));
}

TEST_F(File, RemoveTreeDoesNotFollowLinks) {
  std::filesystem::create_directories(Path("kept"));
  Write("kept/file", "x");
  std::filesystem::create_directories(Path("tree/deep"));
  Write("tree/deep/file", "x");
  ASSERT_EQ(::symlink("../kept", Path("tree/link").c_str()), 0);

  ASSERT_THAT(Dir().RemoveTree("tree"), Succeeds());
  EXPECT_THAT(*Dir().List(), ElementsAre("kept"));
  EXPECT_TRUE(std::filesystem::exists(Path("kept/file")));
}

TEST_F(File, RemoveTreeRemovesALinkAndNotWhatItNames) {
  std::filesystem::create_directories(Path("kept"));
  ASSERT_EQ(::symlink("kept", Path("link").c_str()), 0);
  ASSERT_THAT(Dir().RemoveTree("link"), Succeeds());
  EXPECT_THAT(*Dir().List(), ElementsAre("kept"));
}

TEST_F(File, RemoveTreeOfNothingSucceeds) { EXPECT_THAT(Dir().RemoveTree("none"), Succeeds()); }

TEST_F(File, KnowsAFileSystemInMemory) {
  ASSERT_THAT(IsOnTmpfs("/proc"), Succeeds());
  EXPECT_FALSE(*IsOnTmpfs("/proc"));
  EXPECT_THAT(IsOnTmpfs(Path("none")), FailsWith(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace cocos
