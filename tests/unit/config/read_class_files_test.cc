#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

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

TEST_F(ClassFiles, AreRefusedFromAnotherOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a file away";
  ASSERT_EQ(::chown(Write("a.yaml").c_str(), 65534, 65534), 0);
  EXPECT_THAT(ReadClassFiles(dir_.path()),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("belongs to uid 65534")));
}

}  // namespace
}  // namespace cocos::config
