// Two things at once: what a slow answer of libvirt, a late event and a long wait must not do.
#include <sys/stat.h>

#include <atomic>
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
using ::testing::HasSubstr;

class ManagerRaces : public ManagerFixture {};

TEST_F(ManagerRaces, AnEventBetweenTheQueryAndTheAnswerIsNotLost) {
  Manager& manager = StartManager();
  std::atomic<bool> armed = true;
  hypervisor_.SetAfterHook([&](const std::string& call, const std::string& id) -> Result<void> {
    if (call != "Find" || !armed.exchange(false)) return {};
    hypervisor_.Kill(id);
    EXPECT_TRUE(Eventually([&] { return events_->Idle(); }));
    return {};
  });

  EXPECT_THAT(manager.Create({}), FailsWith(ErrorCode::kInternal));
  EXPECT_TRUE(hypervisor_.domains().empty());
}

TEST_F(ManagerRaces, AListingFromBeforeItsStartDoesNotEndACvm) {
  options_.resync_interval = 30ms;
  std::atomic<bool> starting = false;
  std::atomic<bool> listed = false;
  std::atomic<bool> created = false;
  hypervisor_.SetHook([&](const std::string& call, const std::string&) -> Result<void> {
    if (call != "Start") return {};
    starting = true;
    EXPECT_TRUE(Eventually([&] { return listed.load(); }));
    return {};
  });
  hypervisor_.SetAfterHook([&](const std::string& call, const std::string&) -> Result<void> {
    if (call != "ListDomains" || !starting || listed.exchange(true)) return {};
    EXPECT_TRUE(Eventually([&] { return created.load(); }));
    return {};
  });
  Manager& manager = StartManager();

  const auto cvm = manager.Create({});
  ASSERT_THAT(cvm, Succeeds());
  const std::uint64_t before = manager.changes().last_revision();
  created = true;

  EXPECT_TRUE(manager.changes().Next(before, 200ms)->empty());
  EXPECT_EQ(manager.Get(cvm->id)->state, State::kRunning);
}

TEST_F(ManagerRaces, AListingFromBeforeItsRemovalDoesNotBringACvmBack) {
  options_.resync_interval = 30ms;
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  std::atomic<bool> removed = false;
  hypervisor_.SetAfterHook([&](const std::string& call, const std::string&) -> Result<void> {
    if (call != "ListDomains" || removed.exchange(true)) return {};
    EXPECT_THAT(manager.Remove(id), Succeeds());
    return {};
  });
  ASSERT_TRUE(Eventually([&] { return removed.load(); }));
  ASSERT_TRUE(Eventually([&] { return !manager.Get(id).has_value(); }));
  const std::uint64_t after = manager.changes().last_revision();

  EXPECT_TRUE(manager.changes().Next(after, 200ms)->empty());
}

TEST_F(ManagerRaces, AnEventFromBeforeItsStartDoesNotEndACvm) {
  Manager& manager = StartManager();
  const auto long_ago = std::chrono::steady_clock::now();
  const CvmId id = manager.Create({})->id;

  events_->Post({.kind = DomainEvent::Kind::kStopped,
                 .id = id.text(),
                 .stop_reason = StopReason::kDestroyed,
                 .received = long_ago});

  EXPECT_TRUE(Eventually([&] { return events_->Idle(); }));
  EXPECT_EQ(manager.Get(id)->state, State::kRunning);
}

TEST_F(ManagerRaces, ATtlOfCenturiesDoesNotEndACvmAtOnce) {
  Manager& manager = StartManager();

  const auto created = manager.Create({.ttl = "2562047h"});

  ASSERT_THAT(created, Succeeds());
  EXPECT_EQ(manager.Get(created->id)->expires, std::nullopt);
}

TEST_F(ManagerRaces, CvmsThatCannotBePoweredOffDoNotKeepOthersFromBeingRemoved) {
  Manager& manager = StartManager();
  for (int i = 0; i < 4; ++i) ASSERT_THAT(manager.Create({.ttl = "1h"}), Succeeds());
  const CvmId good = manager.Create({.ttl = "2h"})->id;
  std::atomic<bool> release = false;
  hypervisor_.SetHook([&](const std::string& call, const std::string& id) -> Result<void> {
    if (id == good.text() || release) return {};
    if (call == "RequestShutdown") Eventually([&] { return release.load(); });
    if (call == "Destroy") return Fail(ErrorCode::kInternal, "Failed to terminate process");
    return {};
  });
  clock_.Advance(3601s);
  events_->Wake();
  ASSERT_TRUE(Eventually([&] {
    const auto cvms = manager.List().cvms;
    return std::count_if(cvms.begin(), cvms.end(),
                         [](const Snapshot& cvm) { return cvm.state == State::kUnknown; }) == 4;
  }));

  clock_.Advance(3600s);
  events_->Wake();

  EXPECT_TRUE(Eventually([&] { return !manager.Get(good).has_value(); }));
  release = true;
  StopManager();  // its threads are inside the hook
}

TEST_F(ManagerRaces, TheNoteOfACrashSurvivesACleaningThatHadToWait) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  std::atomic<int> tried = 0;
  hypervisor_.SetHook([&](const std::string& call, const std::string&) -> Result<void> {
    if (call != "Undefine" || ++tried > 1) return {};
    return Fail(ErrorCode::kUnavailable, "busy");
  });
  hypervisor_.Kill(id.text());
  ASSERT_TRUE(Eventually([&] { return tried == 1; }));

  ASSERT_TRUE(Eventually([&] {
    clock_.Advance(11s);
    events_->Wake();
    return hypervisor_.domains().empty();
  }));

  EXPECT_EQ(manager.Get(id)->state, State::kFailed);
  EXPECT_THAT(manager.Get(id)->cause, HasSubstr("ended unexpectedly"));
}

TEST_F(ManagerRaces, AHypervisorThatNeverAnswersDoesNotKeepTheManagerFromStarting) {
  std::atomic<bool> release = false;
  hypervisor_.SetHook([&](const std::string& call, const std::string&) -> Result<void> {
    while (call == "Connect" && !release) std::this_thread::sleep_for(5ms);
    return {};
  });

  Manager& manager = StartManager();

  EXPECT_FALSE(manager.IsReady());
  EXPECT_THAT(manager.Create({}), FailsWith(ErrorCode::kUnavailable));
  release = true;
  EXPECT_TRUE(Eventually([&] { return manager.IsReady(); }));
  StopManager();
}

TEST_F(ManagerRaces, ADirectoryThatOthersMayWriteToIsRefusedAndLeftAsItIs) {
  const std::string shared = dir_.path() + "/shared";
  ASSERT_EQ(::mkdir(shared.c_str(), 0700), 0);
  ASSERT_EQ(::chmod(shared.c_str(), 01777), 0);
  options_.runtime_dir = shared;
  EventQueue events;

  EXPECT_THAT(Manager::Open(hypervisor_, events, clock_, logger_, {}, options_),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("mode 1777")));
  struct stat status = {};
  ASSERT_EQ(::stat(shared.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 01777u);
}

}  // namespace
}  // namespace cocos::cvm
