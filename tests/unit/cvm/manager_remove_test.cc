#include <future>
#include <latch>
#include <thread>

#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::cvm {
namespace {

using namespace std::chrono_literals;
using cocos::testing::Eventually;
using cocos::testing::FailsWith;
using cocos::testing::ManagerFixture;
using cocos::testing::Succeeds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ManagerRemove : public ManagerFixture {
 protected:
  void ExpectNothingLeft() {
    EXPECT_THAT(hypervisor_.domains(), IsEmpty());
    EXPECT_THAT(ShareDirs(), IsEmpty());
    EXPECT_THAT(manager_->List().cvms, IsEmpty());
  }
};

TEST_F(ManagerRemove, LeavesNothing) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;

  ASSERT_THAT(manager.Remove(id), Succeeds());

  ExpectNothingLeft();
  EXPECT_EQ(manager.Create({})->agent_port, 6100);
}

TEST_F(ManagerRemove, OfAnUnknownIdHasUpstreamsText) {
  EXPECT_THAT(StartManager().Remove(CvmId::Random()),
              FailsWith(ErrorCode::kNotFound, "entity not found"));
}

TEST_F(ManagerRemove, TwiceSaysNotFound) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  ASSERT_THAT(manager.Remove(id), Succeeds());

  EXPECT_THAT(manager.Remove(id), FailsWith(ErrorCode::kNotFound));
}

TEST_F(ManagerRemove, PowersOffAGuestThatDoesNotListen) {
  hypervisor_.SetGuestsHonourShutdown(false);
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;

  ASSERT_THAT(manager.Remove(id), Succeeds());

  ExpectNothingLeft();
}

TEST_F(ManagerRemove, DoesNotWaitForTheTimeoutWhenTheGuestListens) {
  options_.stop_timeout = 60s;
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  const auto begin = std::chrono::steady_clock::now();

  ASSERT_THAT(manager.Remove(id), Succeeds());

  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

// libvirt waits without limit for a QEMU that does not answer.
TEST_F(ManagerRemove, PowersOffAGuestWhoseShutdownCallHangs) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  std::promise<void> ended;
  std::shared_future<void> until_ended = ended.get_future().share();
  hypervisor_.SetHook(
      [&, until_ended](const std::string& call, const std::string&) -> Result<void> {
        if (call == "RequestShutdown") until_ended.wait();
        if (call == "Undefine") ended.set_value();
        return {};
      });

  ASSERT_THAT(manager.Remove(id), Succeeds());

  ExpectNothingLeft();
}

TEST_F(ManagerRemove, DoesNotWaitForAGuestThatCannotBeAsked) {
  options_.stop_timeout = 60s;
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  hypervisor_.SetHook([](const std::string& call, const std::string&) -> Result<void> {
    if (call == "RequestShutdown") return Fail(ErrorCode::kFailedPrecondition, "no ACPI");
    return {};
  });
  const auto begin = std::chrono::steady_clock::now();

  ASSERT_THAT(manager.Remove(id), Succeeds());

  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST_F(ManagerRemove, AsksAGuestThatWasStillBootingAgain) {
  options_.stop_timeout = 60s;
  hypervisor_.SetGuestsHonourShutdown(false);
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  std::atomic<int> asked = 0;
  hypervisor_.SetHook([&](const std::string& call, const std::string&) -> Result<void> {
    if (call == "RequestShutdown" && ++asked == 2) hypervisor_.SetGuestsHonourShutdown(true);
    return {};
  });

  ASSERT_THAT(manager.Remove(id), Succeeds());

  EXPECT_EQ(asked, 2);
}

TEST_F(ManagerRemove, SucceedsForACvmWhoseProcessIsGone) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  hypervisor_.Kill(id.text(), /*quietly=*/true);

  ASSERT_THAT(manager.Remove(id), Succeeds());

  ExpectNothingLeft();
}

TEST_F(ManagerRemove, SucceedsForACvmThatFailed) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  hypervisor_.Kill(id.text());
  ASSERT_TRUE(Eventually([&] { return manager.Get(id)->state == State::kFailed; }));

  ASSERT_THAT(manager.Remove(id), Succeeds());

  ExpectNothingLeft();
}

TEST_F(ManagerRemove, DoesNotBlockOtherRequests) {
  Manager& manager = StartManager();
  const CvmId slow = manager.Create({})->id;
  std::latch in_destroy(1);
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  hypervisor_.SetHook(
      [&, released](const std::string& call, const std::string& id) -> Result<void> {
        if (call != "Destroy" || id != slow.text()) return {};
        in_destroy.count_down();
        released.wait();
        return {};
      });
  std::jthread remover([&] { EXPECT_THAT(manager.Remove(slow), Succeeds()); });
  in_destroy.wait();

  const auto other = manager.Create({});
  ASSERT_THAT(other, Succeeds());
  EXPECT_THAT(manager.Remove(other->id), Succeeds());
  EXPECT_EQ(manager.Get(slow)->state, State::kStopping);

  release.set_value();
  remover.join();
  ExpectNothingLeft();
}

TEST_F(ManagerRemove, JoinsARemovalUnderWay) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  std::latch in_destroy(1);
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  hypervisor_.SetHook([&, released](const std::string& call, const std::string&) -> Result<void> {
    if (call != "Destroy") return {};
    in_destroy.count_down();
    released.wait();
    return {};
  });
  std::jthread first([&] { EXPECT_THAT(manager.Remove(id), Succeeds()); });
  in_destroy.wait();
  auto second = std::async(std::launch::async, [&] { return manager.Remove(id); });
  EXPECT_EQ(second.wait_for(100ms), std::future_status::timeout);

  release.set_value();

  first.join();
  EXPECT_THAT(second.get(), Succeeds());
  ExpectNothingLeft();
}

TEST_F(ManagerRemove, WhileStartingEndsTheCreationAndWaitsForIt) {
  Manager& manager = StartManager();
  std::promise<std::string> starting;
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  hypervisor_.SetHook(
      [&, released](const std::string& call, const std::string& id) -> Result<void> {
        if (call != "Start") return {};
        starting.set_value(id);
        released.wait();
        return {};
      });
  std::jthread creator([&] {
    EXPECT_THAT(manager.Create({}),
                FailsWith(ErrorCode::kCancelled, HasSubstr("while it was being created")));
  });
  const CvmId id = *CvmId::Parse(starting.get_future().get());
  auto removal = std::async(std::launch::async, [&] { return manager.Remove(id); });
  EXPECT_EQ(removal.wait_for(50ms), std::future_status::timeout);

  release.set_value();

  EXPECT_THAT(removal.get(), Succeeds());
  creator.join();
  ExpectNothingLeft();
}

TEST_F(ManagerRemove, IsTakenUpAgainWhenLibvirtWasAway) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  hypervisor_.SetReachable(false);

  EXPECT_THAT(manager.Remove(id), FailsWith(ErrorCode::kUnavailable));
  EXPECT_EQ(manager.Get(id)->state, State::kUnknown);

  hypervisor_.SetReachable(true);
  clock_.Advance(60s);
  EXPECT_TRUE(Eventually([&] { return manager.List().cvms.empty(); }));
  ExpectNothingLeft();
}

TEST_F(ManagerRemove, HappensByItselfWhenTheTtlIsOver) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({.ttl = "1h"})->id;
  clock_.Advance(3599s);
  events_->Wake();
  EXPECT_THAT(manager.Get(id), Succeeds());

  clock_.Advance(2s);
  events_->Wake();

  EXPECT_TRUE(Eventually([&] { return manager.List().cvms.empty(); }));
  ExpectNothingLeft();
  EXPECT_THAT(logger_.text(), HasSubstr("its TTL is over"));
}

TEST_F(ManagerRemove, KeepsSecretsUntilTheGuestIsGone) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  std::vector<std::string> shares_at_destroy;
  hypervisor_.SetHook([&](const std::string& call, const std::string&) -> Result<void> {
    if (call == "Undefine") shares_at_destroy = ShareDirs();
    return {};
  });

  ASSERT_THAT(manager.Remove(id), Succeeds());

  EXPECT_THAT(shares_at_destroy, Contains(id.text()));
}

}  // namespace
}  // namespace cocos::cvm
