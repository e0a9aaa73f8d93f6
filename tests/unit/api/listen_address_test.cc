#include "api/listen_address.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "support/result_matchers.h"

namespace cocos::api {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

auto IsAddress(const std::string& text, bool is_loopback) {
  return AllOf(Field("text", &ListenAddress::text, text),
               Field("is_loopback", &ListenAddress::is_loopback, is_loopback));
}

// A port of 127.0.0.1 that somebody listens on.
class TakenPort {
 public:
  TakenPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd_.get(), raw, size), 0);
    EXPECT_EQ(::listen(fd_.get(), 1), 0);
    EXPECT_EQ(::getsockname(fd_.get(), raw, &size), 0);
    number_ = ntohs(address.sin_port);
  }
  std::uint16_t number() const { return number_; }
  void Free() { fd_.Reset(); }

 private:
  UniqueFd fd_;
  std::uint16_t number_ = 0;
};

bool HasIpv6() { return FindListenAddresses({.host = "::1", .port = 0}).has_value(); }

TEST(ListenAddresses, OfAnIpv4AddressAreThatOne) {
  const auto addresses = FindListenAddresses({.host = "127.0.0.1", .port = 0});

  ASSERT_THAT(addresses, Succeeds());
  EXPECT_THAT(*addresses, ElementsAre(IsAddress("127.0.0.1:0", true)));
}

TEST(ListenAddresses, OfAnIpv6AddressHaveBrackets) {
  if (!HasIpv6()) GTEST_SKIP() << "no IPv6 on this host";

  const auto addresses = FindListenAddresses({.host = "::1", .port = 0});

  EXPECT_THAT(*addresses, ElementsAre(IsAddress("[::1]:0", true)));
}

TEST(ListenAddresses, OfTheWildcardsAreNoLoopback) {
  const auto ipv4 = FindListenAddresses({.host = "0.0.0.0", .port = 0});
  ASSERT_THAT(ipv4, Succeeds());
  EXPECT_THAT(*ipv4, ElementsAre(IsAddress("0.0.0.0:0", false)));

  if (!HasIpv6()) GTEST_SKIP() << "no IPv6 on this host";
  const auto ipv6 = FindListenAddresses({.host = "::", .port = 0});
  ASSERT_THAT(ipv6, Succeeds());
  EXPECT_THAT(*ipv6, ElementsAre(IsAddress("[::]:0", false)));
}

TEST(ListenAddresses, OfLocalhostAreAllLoopbackAndAllDifferent) {
  TakenPort port;
  port.Free();

  const auto addresses = FindListenAddresses({.host = "localhost", .port = port.number()});

  ASSERT_THAT(addresses, Succeeds());
  EXPECT_THAT(*addresses, Not(IsEmpty()));
  EXPECT_THAT(*addresses, Each(Field(&ListenAddress::is_loopback, true)));
  std::vector<std::string> texts;
  for (const ListenAddress& address : *addresses) texts.push_back(address.text);
  const std::string ipv4 = "127.0.0.1:" + std::to_string(port.number());
  EXPECT_EQ(std::ranges::count(texts, ipv4), 1);
}

TEST(ListenAddresses, OfANameAndAnyFreePortAreOne) {
  const auto addresses = FindListenAddresses({.host = "localhost", .port = 0});

  ASSERT_THAT(addresses, Succeeds());
  EXPECT_THAT(*addresses, SizeIs(1));  // another would get another port
}

// Also where localhost is ::1 as well, on which the port is free.
TEST(ListenAddresses, AreNoneWhenOneOfANameIsTaken) {
  const TakenPort port;

  EXPECT_THAT(FindListenAddresses({.host = "localhost", .port = port.number()}),
              FailsWith(ErrorCode::kFailedPrecondition,
                        HasSubstr("cannot listen at localhost:" + std::to_string(port.number()))));
}

TEST(ListenAddresses, AreNoneForAnAddressOfAnotherHost) {
  EXPECT_THAT(FindListenAddresses({.host = "192.0.2.1", .port = 7002}),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("192.0.2.1:7002")));
  EXPECT_THAT(FindListenAddresses({.host = "2001:db8::1", .port = 7002}),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("[2001:db8::1]:7002")));
}

TEST(ListenAddresses, AreNoneForANameInBrackets) {
  EXPECT_THAT(FindListenAddresses({.host = "[::1]", .port = 0}),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("[::1]")));
}

}  // namespace
}  // namespace cocos::api
