#include "cvm/file_digests.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::cvm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using cocos::testing::TempDir;
using ::testing::HasSubstr;

// FIPS 180-4 example: SHA-384 of "abc".
constexpr const char* kAbc =
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
    "8086072ba1e7cc2358baeca134c825a7";

class FileDigestsTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = dir_.path() + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  TempDir dir_;
  FileDigests digests_;
};

TEST_F(FileDigestsTest, DigestsAFile) { EXPECT_EQ(*digests_.Sha384(Write("kernel", "abc")), kAbc); }

TEST_F(FileDigestsTest, SeesAFileThatChanged) {
  const std::string path = Write("kernel", "other");
  const std::string before = *digests_.Sha384(path);

  Write("kernel", "abc");

  EXPECT_EQ(*digests_.Sha384(path), kAbc);
  EXPECT_NE(before, kAbc);
}

TEST_F(FileDigestsTest, SeesAFileThatWasReplacedByOneOfTheSameSize) {
  const std::string path = Write("kernel", "xyz");
  ASSERT_THAT(digests_.Sha384(path), Succeeds());

  std::filesystem::rename(Write("new", "abc"), path);

  EXPECT_EQ(*digests_.Sha384(path), kAbc);
}

// libvirt changes owner and attributes of boot files at each start.
TEST_F(FileDigestsTest, IsNotMovedByAChangeOfMode) {
  const std::string path = Write("kernel", "abc");
  const FileIdentity before = *InputFile::Open(path)->Identify();

  std::filesystem::permissions(path, std::filesystem::perms::owner_read);

  EXPECT_EQ(*InputFile::Open(path)->Identify(), before);
  EXPECT_EQ(*digests_.Sha384(path), kAbc);
}

TEST_F(FileDigestsTest, CapturesEveryFileOfTheBoot) {
  const BootSpec boot{.kernel_path = Write("k", "abc"),
                      .initrd_path = Write("i", "abc"),
                      .igvm_path = Write("g", "abc")};

  const auto values = CaptureReferenceValues(boot, "abc", digests_);

  ASSERT_THAT(values, Succeeds());
  const std::map<std::string, std::string> expected = {{"sha384:kernel", kAbc},
                                                       {"sha384:initrd", kAbc},
                                                       {"sha384:igvm", kAbc},
                                                       {"sha384:kernel-command-line", kAbc}};
  EXPECT_EQ(*values, expected);
}

TEST_F(FileDigestsTest, NamesTheMissingFileAndWhatItIsFor) {
  const BootSpec boot{.kernel_path = dir_.path() + "/missing"};

  const auto values = CaptureReferenceValues(boot, "", digests_);

  EXPECT_THAT(values, FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("kernel file: open")));
  EXPECT_THAT(values.error().message(), HasSubstr("/missing: No such file or directory"));
}

TEST_F(FileDigestsTest, RefusesADirectoryAndAPipe) {
  ASSERT_EQ(::mkfifo((dir_.path() + "/pipe").c_str(), 0600), 0);

  EXPECT_THAT(digests_.Sha384(dir_.path()), FailsWith(ErrorCode::kFailedPrecondition));
  EXPECT_THAT(digests_.Sha384(dir_.path() + "/pipe"),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("not a regular file")));
}

}  // namespace
}  // namespace cocos::cvm
