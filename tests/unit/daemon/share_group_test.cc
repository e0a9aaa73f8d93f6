#include "daemon/share_group.h"

#include <gtest/gtest.h>

#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::daemon {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::MemoryLogger;

class ShareGroup : public ::testing::Test {
 protected:
  Result<std::optional<gid_t>> Find(const std::string& uri, const std::string& name = "") {
    return FindShareGroup(uri, name, logger_);
  }

  MemoryLogger logger_;
};

TEST_F(ShareGroup, IsNoneWhereQemuRunsAsTheManagersUser) {
  EXPECT_EQ(Find("test:///default").value(), std::nullopt);
  EXPECT_EQ(Find("qemu:///session").value(), std::nullopt);
  EXPECT_EQ(logger_.text(), "");
}

TEST_F(ShareGroup, IsTheConfiguredOne) {
  EXPECT_EQ(Find("qemu:///system", "root").value(), std::optional<gid_t>(0));
}

TEST_F(ShareGroup, NamesAGroupThatDoesNotExist) {
  EXPECT_THAT(Find("qemu:///system", "no-such-group"),
              FailsWith(ErrorCode::kInvalidArgument,
                        HasSubstr("MANAGER_QEMU_GROUP \"no-such-group\": want a group")));
}

TEST_F(ShareGroup, IsTheDistributionsOrIsWarnedAbout) {
  const auto group = Find("qemu:///system").value();

  EXPECT_EQ(group.has_value(), logger_.text().empty()) << logger_.text();
}

}  // namespace
}  // namespace cocos::daemon
