#include "cli/address.h"

#include <gtest/gtest.h>

namespace cocos::cli {
namespace {

class LocalAddress : public ::testing::TestWithParam<const char*> {};
class RemoteAddress : public ::testing::TestWithParam<const char*> {};

TEST_P(LocalAddress, StaysOnThisHost) { EXPECT_TRUE(IsLocalAddress(GetParam())); }

INSTANTIATE_TEST_SUITE_P(All, LocalAddress,
                         ::testing::Values("localhost:7002", "localhost", "a.localhost:7002",
                                           "127.0.0.1:7002", "127.255.0.9:7002", "127.0.0.1",
                                           "[::1]:7002", "::1", "0.0.0.0:7002", "[::]:7002",
                                           "[::ffff:127.0.0.1]:7002", "unix:/run/manager",
                                           "unix-abstract:manager", "dns:localhost:7002",
                                           "dns:///localhost:7002", "dns://192.0.2.1/localhost:1",
                                           "ipv4:127.0.0.1:7002", "ipv6:[::1]:7002"));

TEST_P(RemoteAddress, LeavesThisHost) { EXPECT_FALSE(IsLocalAddress(GetParam())); }

INSTANTIATE_TEST_SUITE_P(All, RemoteAddress,
                         ::testing::Values("", "manager.example:7002", "192.0.2.1:7002",
                                           "128.0.0.1:7002", "126.0.0.1:7002", "[::2]:7002",
                                           "[2001:db8::1]:7002", "[::ffff:192.0.2.1]:7002",
                                           "localhost.example:7002", "notlocalhost:7002",
                                           "127.0.0.1.example:7002", "dns:///192.0.2.1:7002",
                                           "dns://localhost/192.0.2.1:1", "dns://localhost",
                                           "ipv4:192.0.2.1:7002", "[", "127"));

}  // namespace
}  // namespace cocos::cli
