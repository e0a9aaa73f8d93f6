#include "base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace cocos {
namespace {

int OpenNull() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFd, ClosesAtTheEnd) {
  int number = -1;
  {
    const UniqueFd fd(OpenNull());
    number = fd.get();
    ASSERT_TRUE(IsOpen(number));
  }
  EXPECT_FALSE(IsOpen(number));
}

TEST(UniqueFd, HasNothingUntilGivenADescriptor) {
  EXPECT_FALSE(UniqueFd());
  EXPECT_TRUE(UniqueFd(OpenNull()));
}

TEST(UniqueFd, TreatsDescriptorZeroAsOne) {
  UniqueFd fd(0);
  EXPECT_TRUE(fd);
  static_cast<void>(fd.Release());
}

TEST(UniqueFd, MovingLeavesTheSourceEmpty) {
  UniqueFd source(OpenNull());
  const int number = source.get();
  const UniqueFd target(std::move(source));

  EXPECT_EQ(target.get(), number);
  EXPECT_FALSE(source);  // NOLINT(bugprone-use-after-move): the point of the test
  EXPECT_TRUE(IsOpen(number));
}

TEST(UniqueFd, AssignmentClosesWhatItHeld) {
  UniqueFd target(OpenNull());
  const int held = target.get();
  UniqueFd source(OpenNull());
  const int number = source.get();
  target = std::move(source);

  EXPECT_FALSE(IsOpen(held));
  EXPECT_EQ(target.get(), number);
}

TEST(UniqueFd, ReleaseGivesTheDescriptorAwayOpen) {
  UniqueFd fd(OpenNull());
  const int number = fd.Release();

  EXPECT_FALSE(fd);
  EXPECT_TRUE(IsOpen(number));
  ::close(number);
}

}  // namespace
}  // namespace cocos
