#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "config/load.h"
#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::config {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

class ClassFiles : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, mode_t mode = 0644) {
    const std::string path = dir_.path() + "/" + name;
    std::ofstream(path) << "tee: none\n";
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }

  testing::TempDir dir_;
};

TEST_F(ClassFiles, AreReadInTheOrderOfTheirNames) {
  Write("b.yaml");
  Write("a.yaml");
  Write("notes.txt");
  const auto files = ReadClassFiles(dir_.path());
  ASSERT_THAT(files, Succeeds());
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].path, dir_.path() + "/a.yaml");
  EXPECT_EQ((*files)[0].text, "tee: none\n");
}

TEST_F(ClassFiles, AreNoneInADirectoryThatDoesNotExist) {
  const auto files = ReadClassFiles(dir_.path() + "/none");
  ASSERT_THAT(files, Succeeds());
  EXPECT_TRUE(files->empty());
}

TEST_F(ClassFiles, AreRefusedWhenGroupOrOthersMayWrite) {
  for (const mode_t mode : {0664u, 0646u}) {
    const std::string path = Write("a.yaml", mode);
    EXPECT_THAT(ReadClassFiles(dir_.path()),
                FailsWith(ErrorCode::kFailedPrecondition, HasSubstr(path)));
  }
}

TEST_F(ClassFiles, AreRefusedInADirectoryOthersMayWrite) {
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0777), 0);
  EXPECT_THAT(ReadClassFiles(dir_.path()),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("mode 0777")));
}

TEST_F(ClassFiles, AreRegularFiles) {
  const std::string path = dir_.path() + "/a.yaml";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(ReadClassFiles(dir_.path()),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr(path + ": want a regular file")));
}

TEST_F(ClassFiles, AreNotTheHiddenLeftoversOfEditors) {
  Write(".a.yaml");
  Write(".yaml");
  const auto files = ReadClassFiles(dir_.path());
  ASSERT_THAT(files, Succeeds());
  EXPECT_TRUE(files->empty());
}

TEST_F(ClassFiles, AreAtMostAMebibyte) {
  const std::string path = Write("a.yaml");
  std::filesystem::resize_file(path, 1u << 20);
  EXPECT_THAT(ReadClassFiles(dir_.path()), Succeeds());
  std::filesystem::resize_file(path, (1u << 20) + 1);
  EXPECT_THAT(ReadClassFiles(dir_.path()),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr(path + ": larger than")));
}

// What is checked is what is read, also while somebody swaps the file for one that he may write to.
TEST_F(ClassFiles, AreCheckedAsOpenedNotByName) {
  const std::string path = Write("a.yaml");
  const std::string other = Write("bad", 0666);
  std::ofstream(other) << "tee: tdx\n";
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    while (!stop) ::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
  });

  int read = 0;
  int untrusted = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto files = ReadClassFiles(dir_.path());
    if (!files) continue;
    ++read;
    if (files->front().text != "tee: none\n") ++untrusted;
  }
  stop = true;
  swapper.join();

  EXPECT_GT(read, 0);
  EXPECT_EQ(untrusted, 0);
}

TEST_F(ClassFiles, AreRefusedFromAnotherOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a file away";
  ASSERT_EQ(::chown(Write("a.yaml").c_str(), 65534, 65534), 0);
  EXPECT_THAT(ReadClassFiles(dir_.path()),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("belongs to uid 65534")));
}

}  // namespace
}  // namespace cocos::config
