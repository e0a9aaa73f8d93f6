#include "daemon/default_gateway.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::daemon {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::TempDir;
using ::testing::HasSubstr;

constexpr std::string_view kHeader =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

class DefaultGatewayTest : public ::testing::Test {
 protected:
  Result<std::string> With(std::string_view lines) {
    std::filesystem::create_directories(root_.path() + "/proc/net");
    std::ofstream(root_.path() + "/proc/net/route") << kHeader << lines;
    return DefaultGateway(root_.path());
  }

  TempDir root_;
};

TEST_F(DefaultGatewayTest, IsThatOfTheDefaultRoute) {
  const auto gateway = With(
      "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
      "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");

  ASSERT_TRUE(gateway);
  EXPECT_EQ(*gateway, "192.0.2.1");
}

TEST_F(DefaultGatewayTest, IsNotOneOfARouteWithoutGateway) {
  EXPECT_THAT(With("ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("MANAGER_RELAY_GUEST_HOST")));
}

TEST_F(DefaultGatewayTest, IsMissingWithoutADefaultRoute) {
  EXPECT_THAT(With("eth0\t000200C0\t010200C0\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("no IPv4 default route")));
}

TEST_F(DefaultGatewayTest, SurvivesLinesThatAreNone) {
  EXPECT_THAT(With("garbage\n\n\t\t\t\nx 0 zz 3\n"), FailsWith(ErrorCode::kFailedPrecondition));
}

}  // namespace
}  // namespace cocos::daemon
