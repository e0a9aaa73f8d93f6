#include "daemon/instance.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::daemon {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using cocos::testing::TempDir;
using ::testing::HasSubstr;

TEST(InstanceId, IsTheConfiguredOne) {
  TempDir dir;

  EXPECT_EQ(*ResolveInstanceId("manager-01", dir.path() + "/state"), "manager-01");
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/state"));
}

TEST(InstanceId, SurvivesARestartWhenNoneIsConfigured) {
  TempDir dir;

  const auto first = ResolveInstanceId("", dir.path() + "/state");
  const auto second = ResolveInstanceId("", dir.path() + "/state");

  ASSERT_THAT(first, Succeeds());
  EXPECT_EQ(*first, *second);
}

TEST(InstanceId, RefusesWhatIsNoDirectoryName) {
  TempDir dir;
  for (const char* id : {"a/b", "..", ".hidden", "a b", "a\nb"}) {
    EXPECT_THAT(ResolveInstanceId(id, dir.path()),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("MANAGER_INSTANCE_ID")))
        << id;
  }
  EXPECT_THAT(ResolveInstanceId(std::string(64, 'a'), dir.path()), Succeeds());
  EXPECT_THAT(ResolveInstanceId(std::string(65, 'a'), dir.path()),
              FailsWith(ErrorCode::kInvalidArgument));
}

TEST(InstanceId, NamesTheFileWhoseContentIsNoId) {
  TempDir dir;
  std::ofstream(dir.path() + "/instance-id") << "not an id\n";

  EXPECT_THAT(ResolveInstanceId("", dir.path()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("/instance-id")));
}

TEST(InstanceLock, IsHeldByOneAtATimeAndNamesTheHolder) {
  TempDir dir;
  auto held = InstanceLock::Acquire(dir.path(), "a");
  ASSERT_THAT(held, Succeeds());

  EXPECT_THAT(InstanceLock::Acquire(dir.path(), "a"),
              FailsWith(ErrorCode::kAlreadyExists, HasSubstr(std::to_string(::getpid()))));
  EXPECT_THAT(InstanceLock::Acquire(dir.path(), "b"), Succeeds());
}

TEST(InstanceLock, IsFreeAgainWhenItsHolderIsGone) {
  TempDir dir;
  { const auto held = InstanceLock::Acquire(dir.path(), "a"); }

  EXPECT_THAT(InstanceLock::Acquire(dir.path(), "a"), Succeeds());
}

}  // namespace
}  // namespace cocos::daemon
