// LibvirtHypervisor on a libvirtd that stops, dies, freezes and comes back. Runs inside
// tests/support/private_libvirtd.sh, which gives it a daemon of its own.
#include <gmock/gmock.h>
#include <signal.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <vector>

#include "hypervisor/event_loop.h"
#include "hypervisor/libvirt_hypervisor.h"
#include "integration/hypervisor/guest.h"
#include "support/result_matchers.h"
#include "unit/hypervisor/recording_sink.h"

namespace cocos::hypervisor {
namespace {

using cvm::CvmId;
using cvm::DomainState;
using cvm::StopReason;
using std::chrono::seconds;
using ::testing::Contains;
using testing::FailsWith;
using ::testing::Field;
using testing::GuestXml;
using ::testing::HasSubstr;
using testing::RecordingSink;
using testing::Succeeds;
using Kind = cvm::DomainEvent::Kind;

constexpr int kRounds = 5;

pid_t QemuPid(const std::string& domain_name) {
  std::ifstream file("/run/libvirt/qemu/" + domain_name + ".pid");
  pid_t pid = 0;
  file >> pid;
  return pid;
}

class Libvirtd : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("COCOS_LIBVIRTD_CONTROL") == nullptr) {
      GTEST_SKIP() << "run me with tests/support/private_libvirtd.sh";
    }
    std::signal(SIGPIPE, SIG_IGN);  // as the daemon: libvirtd may close a socket that is written to
    hypervisor_.SetEventSink(&sink_);
    ASSERT_THAT(hypervisor_.Connect(), Succeeds());
  }
  void TearDown() override {
    if (hypervisor_.IsConnected()) {
      EXPECT_THAT(hypervisor_.Destroy(id_), Succeeds());
      EXPECT_THAT(hypervisor_.Undefine(id_), Succeeds());
    }
    hypervisor_.SetEventSink(nullptr);
  }

  static void Control(const std::string& command) {
    const std::string line = "\"$COCOS_LIBVIRTD_CONTROL\" " + command;
    ASSERT_EQ(std::system(line.c_str()), 0) << command;
  }
  void DefineAndStart() {
    ASSERT_THAT(hypervisor_.Define(GuestXml(id_, {.name = name_})), Succeeds());
    ASSERT_THAT(hypervisor_.Start(id_), Succeeds());
  }
  bool LossWasReported() { return sink_.WaitFor(Kind::kConnectionLost, "").has_value(); }

  RecordingSink sink_;
  EventLoop loop_;
  LibvirtHypervisor hypervisor_{loop_,
                                {.uri = "qemu:///system",
                                 .keepalive_interval = seconds(1),
                                 .keepalive_count = 3,
                                 .ready_timeout = seconds(10)}};
  CvmId id_ = CvmId::Random();
  std::string name_ = "cvm-" + id_.text();
};

TEST_F(Libvirtd, ReportsAKilledQemu) {
  DefineAndStart();
  const auto killed = std::chrono::steady_clock::now();
  ASSERT_EQ(kill(QemuPid(name_), SIGKILL), 0);

  const auto event = sink_.WaitFor(Kind::kStopped, id_.text());

  ASSERT_TRUE(event);
  EXPECT_EQ(event->stop_reason, StopReason::kFailed);
  std::cout << "SIGKILL to event: "
            << std::chrono::duration_cast<std::chrono::milliseconds>(event->received - killed)
            << "\n";
}

TEST_F(Libvirtd, TellsOnceThatItStopped) {
  Control("stop");

  EXPECT_TRUE(LossWasReported());
  EXPECT_FALSE(hypervisor_.IsConnected());
  EXPECT_THAT(hypervisor_.Find(id_), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(sink_.KindsOf(""), ::testing::ElementsAre(Kind::kConnectionLost));
  Control("start");
}

TEST_F(Libvirtd, RefusesEveryCallWhileItIsDown) {
  DefineAndStart();
  Control("stop");
  ASSERT_TRUE(LossWasReported());

  EXPECT_THAT(hypervisor_.Connect(), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor_.ListDomains(), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor_.Find(id_), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor_.DomainXml(id_), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor_.Define("<domain/>"), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor_.Start(id_), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor_.RequestShutdown(id_), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor_.Destroy(id_), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor_.Undefine(id_), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor_.SetMetadata(id_, "<cvm/>"), FailsWith(ErrorCode::kUnavailable));
  EXPECT_THAT(hypervisor_.Capabilities(), FailsWith(ErrorCode::kUnavailable));

  Control("start");
  ASSERT_THAT(hypervisor_.Connect(), Succeeds());
}

class Ends : public Libvirtd, public ::testing::WithParamInterface<const char*> {};

TEST_P(Ends, AndComesBackWithTheDomainStillRunning) {
  DefineAndStart();
  const pid_t before = QemuPid(name_);
  Control(GetParam());
  ASSERT_TRUE(LossWasReported());
  Control("start");

  ASSERT_THAT(hypervisor_.Connect(), Succeeds());

  EXPECT_EQ(hypervisor_.Find(id_)->state, DomainState::kRunning);
  EXPECT_EQ(QemuPid(name_), before);
}

TEST_P(Ends, AndSendsEventsAgainAfterReconnecting) {
  DefineAndStart();
  Control(GetParam());
  ASSERT_TRUE(LossWasReported());
  Control("start");
  ASSERT_THAT(hypervisor_.Connect(), Succeeds());
  sink_.Clear();

  EXPECT_THAT(hypervisor_.Destroy(id_), Succeeds());

  const auto event = sink_.WaitFor(Kind::kStopped, id_.text());
  ASSERT_TRUE(event);
  EXPECT_EQ(event->stop_reason, StopReason::kDestroyed);
  EXPECT_THAT(sink_.KindsOf(id_.text()), ::testing::ElementsAre(Kind::kStopped));
}

INSTANTIATE_TEST_SUITE_P(, Ends, ::testing::Values("stop", "kill"));

TEST_F(Libvirtd, CanDestroyARunningDomainAtOnceWhenItHasJustStarted) {
  for (int round = 0; round < kRounds; ++round) {
    DefineAndStart();
    Control("restart");
    ASSERT_TRUE(LossWasReported());
    sink_.Clear();

    ASSERT_THAT(hypervisor_.Connect(), Succeeds());
    EXPECT_THAT(hypervisor_.Destroy(id_), Succeeds());

    EXPECT_EQ(hypervisor_.Find(id_)->stop_reason, StopReason::kDestroyed) << "round " << round;
    EXPECT_THAT(hypervisor_.Undefine(id_), Succeeds());
  }
}

TEST_F(Libvirtd, ShowsADomainThatDiedWhileItWasDown) {
  DefineAndStart();
  const pid_t qemu = QemuPid(name_);
  Control("stop");
  ASSERT_TRUE(LossWasReported());
  ASSERT_EQ(kill(qemu, SIGKILL), 0);
  sink_.Clear();
  Control("start");

  ASSERT_THAT(hypervisor_.Connect(), Succeeds());

  EXPECT_EQ(hypervisor_.Find(id_)->state, DomainState::kCrashed);
}

TEST_F(Libvirtd, KeepsDefinitionsOverAReboot) {
  DefineAndStart();
  Control("wipe");
  ASSERT_TRUE(LossWasReported());
  Control("start");

  ASSERT_THAT(hypervisor_.Connect(), Succeeds());

  EXPECT_EQ(hypervisor_.Find(id_)->state, DomainState::kShutOff);
  EXPECT_THAT(*hypervisor_.ListDomains(), Contains(Field(&cvm::DomainRecord::id, id_.text())));
}

TEST_F(Libvirtd, IsGivenUpWhenItFreezes) {
  DefineAndStart();
  const auto frozen = std::chrono::steady_clock::now();
  Control("freeze");

  // A call that is under way when the daemon freezes must end too.
  EXPECT_THAT(hypervisor_.Find(id_), FailsWith(ErrorCode::kUnavailable));

  EXPECT_TRUE(LossWasReported());
  EXPECT_LT(std::chrono::steady_clock::now() - frozen, seconds(10));
  EXPECT_FALSE(hypervisor_.IsConnected());
  Control("thaw");
  EXPECT_THAT(hypervisor_.Connect(), Succeeds());
  EXPECT_EQ(hypervisor_.Find(id_)->state, DomainState::kRunning);
}

TEST_F(Libvirtd, FreezingWithoutACallUnderWayIsNoticedToo) {
  Control("freeze");

  EXPECT_TRUE(LossWasReported());

  Control("thaw");
  EXPECT_THAT(hypervisor_.Connect(), Succeeds());
}

// libvirt waits 30 s for a domain's job lock before it says that it is busy.
TEST_F(Libvirtd, IsServedAlthoughOneDomainHangs) {
  DefineAndStart();
  Control("stop");
  ASSERT_TRUE(LossWasReported());
  const pid_t qemu = QemuPid(name_);
  ASSERT_EQ(kill(qemu, SIGSTOP), 0);
  Control("start");

  EXPECT_THAT(hypervisor_.Connect(), Succeeds());
  EXPECT_THAT(*hypervisor_.ListDomains(), ::testing::SizeIs(1));

  ASSERT_EQ(kill(qemu, SIGCONT), 0);
}

TEST_F(Libvirtd, IsConnectedToOnceByManyThreads) {
  Control("restart");
  ASSERT_TRUE(LossWasReported());
  std::vector<Result<void>> results(8);
  {
    std::vector<std::jthread> threads;
    for (Result<void>& result : results) {
      threads.emplace_back([&] { result = hypervisor_.Connect(); });
    }
  }

  EXPECT_THAT(results, ::testing::Each(Succeeds()));
  // Registered twice, each event would come twice.
  DefineAndStart();
  EXPECT_THAT(hypervisor_.Destroy(id_), Succeeds());
  EXPECT_THAT(hypervisor_.Undefine(id_), Succeeds());
  ASSERT_TRUE(sink_.WaitFor(Kind::kUndefined, id_.text()));
  EXPECT_THAT(sink_.KindsOf(id_.text()),
              ::testing::ElementsAre(Kind::kStarted, Kind::kStopped, Kind::kUndefined));
}

}  // namespace
}  // namespace cocos::hypervisor
