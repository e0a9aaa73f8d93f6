#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::cvm {
namespace {

using namespace std::chrono_literals;
using cocos::testing::Eventually;
using cocos::testing::ManagerFixture;
using cocos::testing::Succeeds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class ManagerEvents : public ManagerFixture {
 protected:
  State StateOf(const CvmId& id) { return manager_->Get(id)->state; }
};

TEST_F(ManagerEvents, ReportACrashWithItsCauseAndLatency) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  const std::uint64_t before = manager.changes().last_revision();

  hypervisor_.Kill(id.text());

  const auto changes = manager.changes().Next(before, 5s);
  ASSERT_THAT(changes, Succeeds());
  ASSERT_THAT(*changes, SizeIs(1));
  const Change& change = changes->front();
  EXPECT_EQ(change.cvm.state, State::kFailed);
  EXPECT_EQ(change.previous, State::kRunning);
  EXPECT_THAT(change.cvm.cause, HasSubstr("ended unexpectedly"));
  ASSERT_TRUE(change.event_latency.has_value());
  EXPECT_GE(*change.event_latency, 0ns);
}

TEST_F(ManagerEvents, FreeTheResourcesOfACvmThatEnded) {
  options_.max_cvms = 1;
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;

  hypervisor_.Kill(id.text());

  EXPECT_TRUE(Eventually([&] { return hypervisor_.domains().empty(); }));
  EXPECT_TRUE(Eventually([&] { return ShareDirs().empty(); }));
  EXPECT_TRUE(Eventually([&] { return manager.Create({}).has_value(); }));
  EXPECT_EQ(StateOf(id), State::kFailed);
}

TEST_F(ManagerEvents, KeepTheConsoleOfACvmThatEnded) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  const std::string path = options_.console_dir + "/test-instance/" + id.text() + ".log";
  std::FILE* console = std::fopen(path.c_str(), "a");
  std::fputs("last words\n", console);
  std::fclose(console);

  hypervisor_.Kill(id.text());

  ASSERT_TRUE(Eventually([&] { return StateOf(id) == State::kFailed; }));
  EXPECT_EQ(manager.Get(id)->console_tail, "last words");
}

TEST_F(ManagerEvents, OfForeignDomainsChangeNothing) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  const std::uint64_t before = manager.changes().last_revision();

  events_->Post({.kind = DomainEvent::Kind::kStopped, .id = CvmId::Random().text()});
  events_->Post({.kind = DomainEvent::Kind::kStopped, .id = "not a UUID"});

  EXPECT_TRUE(Eventually([&] { return events_->Idle(); }));
  EXPECT_EQ(manager.changes().last_revision(), before);
  EXPECT_EQ(StateOf(id), State::kRunning);
}

TEST_F(ManagerEvents, LosingLibvirtMakesCvmsUnknownNotGone) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  hypervisor_.SetHook([](const std::string& call, const std::string&) -> Result<void> {
    if (call == "Connect") return Fail(ErrorCode::kUnavailable, "no socket");
    return {};
  });

  hypervisor_.SetReachable(false);

  EXPECT_TRUE(Eventually([&] { return StateOf(id) == State::kUnknown; }));
  EXPECT_FALSE(manager.IsReady());
  EXPECT_THAT(ShareDirs(), SizeIs(1));
}

TEST_F(ManagerEvents, ReconnectingFindsCvmsRunningAgain) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  hypervisor_.SetReachable(false);
  ASSERT_TRUE(Eventually([&] { return StateOf(id) == State::kUnknown; }));

  hypervisor_.SetReachable(true);

  EXPECT_TRUE(Eventually([&] { return StateOf(id) == State::kRunning; }));
  EXPECT_TRUE(Eventually([&] { return manager.IsReady(); }));
}

TEST_F(ManagerEvents, ReconnectingReportsWhatDiedMeanwhile) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  hypervisor_.SetReachable(false);
  ASSERT_TRUE(Eventually([&] { return StateOf(id) == State::kUnknown; }));
  hypervisor_.Kill(id.text(), /*quietly=*/true);

  hypervisor_.SetReachable(true);

  EXPECT_TRUE(Eventually([&] { return StateOf(id) == State::kFailed; }));
  EXPECT_TRUE(Eventually([&] { return ShareDirs().empty(); }));
}

TEST_F(ManagerEvents, AreBackedByAResync) {
  options_.resync_interval = 20ms;
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;

  hypervisor_.Kill(id.text(), /*quietly=*/true);

  EXPECT_TRUE(Eventually([&] { return StateOf(id) == State::kFailed; }));
}

TEST_F(ManagerEvents, ADomainThatAnAdministratorUndefinedIsReported) {
  options_.resync_interval = 20ms;
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;

  ASSERT_THAT(hypervisor_.Undefine(id), Succeeds());

  EXPECT_TRUE(Eventually([&] { return StateOf(id) == State::kFailed; }));
  EXPECT_THAT(manager.Get(id)->cause, HasSubstr("gone from libvirt"));
}

// The listing may be the last thing that libvirt answers.
TEST_F(ManagerEvents, ACvmMissingFromAListIsNotGoneWhileLibvirtCannotBeAsked) {
  options_.resync_interval = 20ms;
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;
  std::atomic<int> asked = 0;
  hypervisor_.SetHook([&](const std::string& call, const std::string&) -> Result<void> {
    if (call != "Find") return {};
    ++asked;
    return Fail(ErrorCode::kUnavailable, "no answer");
  });
  ASSERT_THAT(hypervisor_.Undefine(id), Succeeds());

  EXPECT_TRUE(Eventually([&] { return asked > 2; }));
  EXPECT_EQ(StateOf(id), State::kRunning);
  EXPECT_THAT(ShareDirs(), SizeIs(1));
}

TEST_F(ManagerEvents, ListAndRevisionFitTogether) {
  Manager& manager = StartManager();
  ASSERT_THAT(manager.Create({}), Succeeds());

  const ListResult list = manager.List();

  ASSERT_THAT(list.cvms, SizeIs(1));
  EXPECT_THAT(*manager.changes().Next(list.revision, 0ms), IsEmpty());
}

TEST_F(ManagerEvents, ClosingEndsWatching) {
  Manager& manager = StartManager();

  manager.Close();

  EXPECT_FALSE(manager.changes().Next(0, 10s).has_value());
}

}  // namespace
}  // namespace cocos::cvm
