#include <filesystem>
#include <fstream>
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
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ManagerRestart : public ManagerFixture {
 protected:
  // Lets a create get as far as `step` and then stands in for a process that died there: whatever
  // the creating thread still tries fails without effect.
  void DieAfter(CreateStep step) {
    options_.after_step = [this, step](CreateStep done) {
      if (done != step) return;
      hypervisor_.SetHook([](const std::string&, const std::string&) -> Result<void> {
        return Fail(ErrorCode::kUnavailable, "this process is dead");
      });
    };
    StartManager();
    ASSERT_FALSE(manager_->Create({}).has_value() && step != CreateStep::kStart);
    StopManager();
    hypervisor_.SetHook({});
    options_.after_step = {};
  }

  void ExpectNothingLeft() {
    EXPECT_TRUE(Eventually([&] { return hypervisor_.domains().empty(); }));
    EXPECT_TRUE(Eventually([&] { return ShareDirs().empty(); }));
    EXPECT_TRUE(Eventually([&] { return manager_->List().cvms.empty(); }));
  }
};

TEST_F(ManagerRestart, KeepsTheTraceOfACvmUntilItIsGone) {
  TraceIds first_traces;
  options_.traces = &first_traces;
  const CvmId id = StartManager().Create({})->id;
  const std::string trace = first_traces.Find(id.text());
  EXPECT_TRUE(IsTraceId(trace)) << trace;
  StopManager();

  TraceIds traces;
  options_.traces = &traces;
  Manager& manager = StartManager();

  EXPECT_EQ(traces.Find(id.text()), trace);
  EXPECT_EQ(manager.Get(id)->trace_id, trace);
  ASSERT_THAT(manager.Remove(id), Succeeds());
  EXPECT_EQ(traces.Find(id.text()), trace);  // lines about the removal may still come
  StopManager();
}

TEST_F(ManagerRestart, LeavesCvmsRunningAndAdoptsThem) {
  const CvmId id = StartManager().Create({.ttl = "1h"})->id;
  const Snapshot before = *manager_->Get(id);
  StopManager();
  EXPECT_EQ(hypervisor_.domain(id.text())->state, DomainState::kRunning);

  Manager& manager = StartManager();

  const auto adopted = manager.Get(id);
  ASSERT_THAT(adopted, Succeeds());
  EXPECT_EQ(adopted->state, State::kRunning);
  EXPECT_EQ(adopted->agent_port, before.agent_port);
  EXPECT_EQ(adopted->class_name, before.class_name);
  EXPECT_EQ(adopted->expires, before.expires);
  EXPECT_EQ(adopted->memory_mib, before.memory_mib);
  EXPECT_EQ(adopted->vcpus, before.vcpus);
  EXPECT_THAT(ShareDirs(), SizeIs(1));
}

TEST_F(ManagerRestart, AdoptedCvmsHoldTheirSlotAndPortAndCanBeRemoved) {
  options_.max_cvms = 2;
  const CvmId id = StartManager().Create({})->id;

  Manager& manager = StartManager();

  EXPECT_EQ(manager.Create({})->agent_port, 6101);
  EXPECT_THAT(manager.Create({}), FailsWith(ErrorCode::kResourceExhausted));
  EXPECT_THAT(manager.Remove(id), Succeeds());
}

TEST_F(ManagerRestart, ArmsTheTtlAgain) {
  StartManager().Create({.ttl = "1h"}).value();
  Manager& manager = StartManager();
  ASSERT_THAT(manager.List().cvms, SizeIs(1));

  clock_.Advance(3601s);
  events_->Wake();

  ExpectNothingLeft();
}

TEST_F(ManagerRestart, EndsACvmWhoseTtlExpiredMeanwhile) {
  StartManager().Create({.ttl = "1h"}).value();
  StopManager();
  clock_.Advance(2h);

  StartManager();

  ExpectNothingLeft();
}

TEST_F(ManagerRestart, ReportsAndCleansACvmThatDiedMeanwhile) {
  const CvmId id = StartManager().Create({})->id;
  StopManager();
  hypervisor_.Kill(id.text());

  Manager& manager = StartManager();

  EXPECT_EQ(manager.Get(id)->state, State::kFailed);
  EXPECT_TRUE(Eventually([&] { return hypervisor_.domains().empty(); }));
  EXPECT_TRUE(Eventually([&] { return ShareDirs().empty(); }));
}

class ManagerRestartAfterStep : public ManagerRestart,
                                public ::testing::WithParamInterface<CreateStep> {};

TEST_P(ManagerRestartAfterStep, LeavesNothingOfAnUnansweredCreation) {
  DieAfter(GetParam());

  StartManager();

  ExpectNothingLeft();
  EXPECT_EQ(manager_->Create({})->agent_port, 6100);
}

INSTANTIATE_TEST_SUITE_P(AllSteps, ManagerRestartAfterStep,
                         ::testing::Values(CreateStep::kValidate, CreateStep::kReserve,
                                           CreateStep::kStage, CreateStep::kCapture,
                                           CreateStep::kDefine, CreateStep::kStart),
                         [](const auto& tested) {
                           return std::string(CreateStepName(tested.param));
                         });

TEST_F(ManagerRestart, FinishesAnInterruptedRemoval) {
  const CvmId id = StartManager().Create({})->id;
  hypervisor_.SetHook([](const std::string& call, const std::string&) -> Result<void> {
    if (call == "Destroy") return Fail(ErrorCode::kUnavailable, "this process is dead");
    return {};
  });
  EXPECT_THAT(manager_->Remove(id), FailsWith(ErrorCode::kUnavailable));
  StopManager();
  hypervisor_.SetHook({});

  StartManager();

  ExpectNothingLeft();
}

TEST_F(ManagerRestart, NeverTouchesDomainsOfAnotherInstance) {
  options_.instance_id = "first";
  const CvmId theirs = StartManager().Create({})->id;
  StopManager();

  options_.instance_id = "second";
  Manager& manager = StartManager();

  EXPECT_THAT(manager.List().cvms, IsEmpty());
  EXPECT_THAT(manager.Remove(theirs), FailsWith(ErrorCode::kNotFound));
  EXPECT_EQ(hypervisor_.domain(theirs.text())->state, DomainState::kRunning);
  EXPECT_TRUE(std::filesystem::exists(options_.runtime_dir + "/first/cvms/" + theirs.text()));
}

TEST_F(ManagerRestart, NeverTouchesADomainWithAForgedMark) {
  const CvmId real = StartManager().Create({})->id;
  StopManager();
  // A copy of our metadata on a domain of somebody else.
  const std::string foreign = CvmId::Random().text();
  hypervisor_.AddDomain({.id = foreign,
                         .name = "precious",
                         .state = DomainState::kShutOff,
                         .metadata_xml = hypervisor_.domain(real.text())->metadata_xml});
  hypervisor_.AddDomain({.id = CvmId::Random().text(),
                         .name = "broken",
                         .state = DomainState::kShutOff,
                         .metadata_xml = "<cvm xmlns='urn:cocos-manager:cvm:1'>"});

  Manager& manager = StartManager();

  EXPECT_THAT(manager.List().cvms, SizeIs(1));
  EXPECT_TRUE(hypervisor_.domain(foreign).has_value());
  EXPECT_THAT(logger_.text(), HasSubstr("precious"));
  EXPECT_THAT(logger_.text(), HasSubstr("broken"));
}

TEST_F(ManagerRestart, WipesFilesWithoutADomain) {
  StartManager();
  StopManager();
  const std::string root = options_.runtime_dir + "/test-instance/cvms/";
  std::filesystem::create_directories(root + CvmId::Random().text() + "/certs");
  std::filesystem::create_directory(root + "not-ours");

  StartManager();

  EXPECT_THAT(ShareDirs(), ::testing::ElementsAre("not-ours"));
}

TEST_F(ManagerRestart, RefusesARuntimeDirectoryThatIsALink) {
  std::filesystem::create_directory(dir_.path() + "/elsewhere");
  std::filesystem::create_directory_symlink(dir_.path() + "/elsewhere", options_.runtime_dir);
  EventQueue events;

  EXPECT_THAT(Manager::Open(hypervisor_, events, clock_, logger_, {}, options_),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("symbolic link")));
}

}  // namespace
}  // namespace cocos::cvm
