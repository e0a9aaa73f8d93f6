#include "testagent/zip.h"

#include <gmock/gmock.h>

#include "support/result_matchers.h"
#include "unit/testagent/temp_directory.h"
#include "unit/testagent/unzip.h"

namespace cocos::testagent {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ZipDirectory, HoldsFilesByTheirPathBelowTheDirectory) {
  TempDirectory directory;
  directory.Write("in/b.bin", std::string("\0\xFF", 2));
  directory.Write("in/sub/a.txt", std::string(100'000, 'a'));

  const auto archive = ZipDirectory(directory.path() + "/in", directory.path() + "/scratch");

  ASSERT_THAT(archive, Succeeds());
  EXPECT_THAT(Unzip(*archive), ElementsAre(Pair("b.bin", std::string("\0\xFF", 2)),
                                           Pair("sub/a.txt", std::string(100'000, 'a'))));
  EXPECT_LT(archive->size(), 10'000u);
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/scratch"));
}

TEST(ZipDirectory, OfNothingIsAnArchiveOfNothing) {
  TempDirectory directory;
  std::filesystem::create_directory(directory.path() + "/in");

  const auto archive = ZipDirectory(directory.path() + "/in", directory.path() + "/scratch");

  ASSERT_THAT(archive, Succeeds());
  EXPECT_THAT(*archive, ::testing::StartsWith("PK\x05\x06"));
}

TEST(ZipDirectory, LeavesLinksOut) {
  TempDirectory directory;
  directory.Write("in/a", "1");
  std::filesystem::create_symlink("/etc/hostname", directory.path() + "/in/link");

  const auto archive = ZipDirectory(directory.path() + "/in", directory.path() + "/scratch");

  EXPECT_THAT(Unzip(archive.value()), ElementsAre(Pair("a", "1")));
}

TEST(ZipDirectory, FailsWithoutTheDirectory) {
  TempDirectory directory;

  EXPECT_THAT(ZipDirectory(directory.path() + "/absent", directory.path() + "/scratch"),
              FailsWith(ErrorCode::kInternal));
}

}  // namespace
}  // namespace cocos::testagent
