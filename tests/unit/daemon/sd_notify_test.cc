#include "daemon/sd_notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <string>

#include "base/unique_fd.h"
#include "support/manager_fixture.h"

namespace cocos::daemon {
namespace {

TEST(NotifySystemd, SendsTheStateToTheSocketOfTheEnvironment) {
  testing::TempDir dir;
  const std::string path = dir.path() + "/notify";
  const UniqueFd receiver(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(receiver.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::setenv("NOTIFY_SOCKET", path.c_str(), 1), 0);

  NotifySystemd("READY=1");

  ::unsetenv("NOTIFY_SOCKET");
  std::string received(64, '\0');
  const ssize_t size = ::recv(receiver.get(), received.data(), received.size(), MSG_DONTWAIT);
  ASSERT_GT(size, 0);
  EXPECT_EQ(received.substr(0, static_cast<std::size_t>(size)), "READY=1");
}

TEST(NotifySystemd, DoesNothingOutsideOfSystemd) {
  ::unsetenv("NOTIFY_SOCKET");

  NotifySystemd("READY=1");
}

}  // namespace
}  // namespace cocos::daemon
