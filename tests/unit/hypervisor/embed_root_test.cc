#include "hypervisor/embed_root.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/result_matchers.h"

namespace cocos::hypervisor {
namespace {

namespace fs = std::filesystem;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

class EmbedRoot : public ::testing::Test {
 protected:
  EmbedRoot() {
    char name[] = "/tmp/embedXXXXXX";
    directory_ = mkdtemp(name);
  }
  ~EmbedRoot() override { fs::remove_all(directory_); }

  static std::string Content(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  fs::path directory_;
};

TEST_F(EmbedRoot, IsCreatedWithAConfigurationThatNeedsNoLogDaemon) {
  const fs::path root = directory_ / "a" / "b";

  EXPECT_THAT(PrepareEmbedRoot(root), Succeeds());

  EXPECT_THAT(Content(root / "etc/qemu.conf"), HasSubstr("stdio_handler = \"file\""));
  EXPECT_THAT(Content(root / "etc/qemu/qemu.conf"), HasSubstr("stdio_handler = \"file\""));
}

TEST_F(EmbedRoot, KeepsAConfigurationThatIsThere) {
  fs::create_directories(directory_ / "etc");
  std::ofstream(directory_ / "etc/qemu.conf") << "user = \"me\"\n";

  EXPECT_THAT(PrepareEmbedRoot(directory_), Succeeds());

  EXPECT_EQ(Content(directory_ / "etc/qemu.conf"), "user = \"me\"\n");
}

TEST_F(EmbedRoot, IsRefusedWhenSocketsBelowItWouldNotFit) {
  const std::string longest = directory_.string() + "/" + std::string(52 - 17, 'x');
  ASSERT_EQ(longest.size(), 52u);

  EXPECT_THAT(PrepareEmbedRoot(longest), Succeeds());
  EXPECT_THAT(PrepareEmbedRoot(longest + "x"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("53 bytes long, want at most 52")));
}

TEST_F(EmbedRoot, IsRefusedWhereNothingCanBeCreated) {
  std::ofstream(directory_ / "file") << "x";

  EXPECT_THAT(PrepareEmbedRoot(directory_ / "file"),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("file")));
}

}  // namespace
}  // namespace cocos::hypervisor
