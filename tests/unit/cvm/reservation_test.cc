#include "cvm/reservation.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <set>
#include <thread>

#include "base/unique_fd.h"
#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::cvm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::MinimalClass;
using cocos::testing::Succeeds;

bool AlwaysFree(const std::string&, std::uint16_t) { return true; }

Limits SmallLimits() { return {.max_cvms = 0, .first_port = 6100, .last_port = 6102}; }

TEST(Reservation, TakesTheLowestPortFirst) {
  ReservationBook book(SmallLimits(), AlwaysFree);

  const auto first = book.Reserve(MinimalClass());
  const auto second = book.Reserve(MinimalClass());

  EXPECT_EQ(first->port(), 6100);
  EXPECT_EQ(second->port(), 6101);
}

TEST(Reservation, SkipsExcludedPortsAndThoseAStrangerHas) {
  Limits limits = SmallLimits();
  limits.excluded_ports = {6100};
  ReservationBook book(limits, [](const std::string&, std::uint16_t port) { return port != 6101; });

  EXPECT_EQ(book.Reserve(MinimalClass())->port(), 6102);
}

TEST(Reservation, ProbesOnTheAddressOfTheClass) {
  const std::string free_address = "127.0.0.9";
  ReservationBook book(SmallLimits(), [&](const std::string& address, std::uint16_t port) {
    return address == free_address || port == 6102;
  });
  ComputationClass own_address = MinimalClass();
  own_address.network.bind_address = free_address;

  auto first = book.Reserve(own_address);

  EXPECT_EQ(first->port(), 6100);
  EXPECT_THAT(book.MoveToNextPort(*first), Succeeds());
  EXPECT_EQ(first->port(), 6101);
  EXPECT_EQ(book.Reserve(MinimalClass())->port(), 6102);
}

TEST(Reservation, SaysWithUpstreamsTextWhenNoPortIsLeft) {
  ReservationBook book(SmallLimits(), AlwaysFree);
  std::vector<Reservation> held;
  for (int i = 0; i < 3; ++i) held.push_back(*book.Reserve(MinimalClass()));

  const auto none = book.Reserve(MinimalClass());

  ASSERT_THAT(none, FailsWith(ErrorCode::kResourceExhausted));
  EXPECT_EQ(none.error().message(),
            "failed to allocate free port on host : failed to find free port in range 6100-6102");
  EXPECT_EQ(none.error().reason(), "no-port");
}

TEST(Reservation, GivesEverythingBackWhenItGoes) {
  Limits limits = SmallLimits();
  limits.max_cvms = 1;
  ReservationBook book(limits, AlwaysFree);

  { const auto held = book.Reserve(MinimalClass()); }

  EXPECT_EQ(book.Reserve(MinimalClass())->port(), 6100);
}

TEST(Reservation, GivesTheSlotBackWhenThereIsNoPort) {
  Limits limits = SmallLimits();
  limits.max_cvms = 1;
  bool free = false;
  ReservationBook book(limits, [&free](const std::string&, std::uint16_t) { return free; });
  ASSERT_THAT(book.Reserve(MinimalClass()), FailsWith(ErrorCode::kResourceExhausted));

  free = true;

  EXPECT_THAT(book.Reserve(MinimalClass()), Succeeds());
}

TEST(Reservation, EnforcesTheMaximumWithUpstreamsText) {
  Limits limits = SmallLimits();
  limits.max_cvms = 1;
  ReservationBook book(limits, AlwaysFree);
  const auto held = book.Reserve(MinimalClass());

  const auto refused = book.Reserve(MinimalClass());

  ASSERT_THAT(refused, FailsWith(ErrorCode::kResourceExhausted));
  EXPECT_EQ(refused.error().message(), "maximum number of VMs exceeded");
}

TEST(Reservation, EnforcesAClassQuotaForThatClassOnly) {
  ReservationBook book(SmallLimits(), AlwaysFree);
  ComputationClass limited = MinimalClass("limited");
  limited.max_cvms = 1;
  const auto held = book.Reserve(limited);

  EXPECT_THAT(book.Reserve(limited),
              FailsWith(ErrorCode::kResourceExhausted, ::testing::HasSubstr("class \"limited\"")));
  EXPECT_THAT(book.Reserve(MinimalClass("other")), Succeeds());
}

TEST(Reservation, NeverHandsOutMoreThanTheMaximumNorAPortTwice) {
  Limits limits = SmallLimits();
  limits.max_cvms = 5;
  limits.last_port = 6200;
  ReservationBook book(limits, AlwaysFree);
  const ComputationClass computation_class = MinimalClass();  // libxml2 starts on one thread
  std::mutex mutex;
  std::vector<Reservation> held;
  unsigned refused = 0;

  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        auto reservation = book.Reserve(computation_class);
        const std::lock_guard lock(mutex);
        if (reservation) {
          held.push_back(*std::move(reservation));
        } else {
          ++refused;
        }
      });
    }
  }

  std::set<std::uint16_t> ports;
  for (const Reservation& each : held) ports.insert(each.port());
  EXPECT_EQ(held.size(), 5u);
  EXPECT_EQ(ports.size(), 5u);
  EXPECT_EQ(refused, 11u);
}

TEST(Reservation, MovesToTheNextPortAndFreesTheOldOne) {
  ReservationBook book(SmallLimits(), AlwaysFree);
  auto held = book.Reserve(MinimalClass());

  ASSERT_THAT(book.MoveToNextPort(*held), Succeeds());

  EXPECT_EQ(held->port(), 6101);
  EXPECT_EQ(book.Reserve(MinimalClass())->port(), 6100);
}

TEST(Reservation, StaysAsItIsWhenThereIsNoNextPort) {
  Limits limits = SmallLimits();
  limits.last_port = 6100;
  ReservationBook book(limits, AlwaysFree);
  auto held = book.Reserve(MinimalClass());

  EXPECT_THAT(book.MoveToNextPort(*held), FailsWith(ErrorCode::kResourceExhausted));
  EXPECT_EQ(held->port(), 6100);
}

TEST(Reservation, AdoptedOnesCountAndKeepTheirPort) {
  Limits limits = SmallLimits();
  limits.max_cvms = 1;
  ReservationBook book(limits, AlwaysFree);

  const Reservation adopted = book.Adopt("default", 6100, 7);

  EXPECT_EQ(adopted.port(), 6100);
  EXPECT_EQ(adopted.vsock_cid(), 7u);
  EXPECT_THAT(book.Reserve(MinimalClass()), FailsWith(ErrorCode::kResourceExhausted));
}

TEST(Reservation, HandsOutVsockCidsFromThreeOn) {
  ReservationBook book(SmallLimits(), AlwaysFree);
  ComputationClass with_vsock = MinimalClass();
  with_vsock.vsock = true;

  const auto first = book.Reserve(with_vsock);
  const auto second = book.Reserve(with_vsock);

  EXPECT_EQ(first->vsock_cid(), 3u);
  EXPECT_EQ(second->vsock_cid(), 4u);
}

TEST(PortProbe, SeesAListenerAndItsEnd) {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.get(), generic, size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::getsockname(listener.get(), generic, &size), 0);
  const std::uint16_t port = ntohs(address.sin_port);

  EXPECT_FALSE(IsTcpPortFree("127.0.0.1", port));
  EXPECT_FALSE(IsTcpPortFree("0.0.0.0", port));
  listener.Reset();
  EXPECT_TRUE(IsTcpPortFree("127.0.0.1", port));
}

TEST(PortProbe, CallsAnAddressThatIsNotOursTaken) {
  EXPECT_FALSE(IsTcpPortFree("198.51.100.1", 6100));
  EXPECT_FALSE(IsTcpPortFree("not an address", 6100));
}

}  // namespace
}  // namespace cocos::cvm
