#include <set>
#include <thread>

#include "support/manager_fixture.h"
#include "support/pem_samples.h"
#include "support/result_matchers.h"
#include "unit/cvm/tee_class.h"

namespace cocos::cvm {
namespace {

using namespace std::chrono_literals;
using cocos::testing::FailsWith;
using cocos::testing::ManagerFixture;
using cocos::testing::MinimalClass;
using cocos::testing::SmallOvmf;
using cocos::testing::SnpClass;
using cocos::testing::Succeeds;
using cocos::testing::WriteBytes;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class ManagerCreate : public ManagerFixture {
 protected:
  // Makes one kind of call fail from now on.
  void FailCalls(const std::string& call, Error error) {
    hypervisor_.SetHook(
        [call, error](const std::string& current, const std::string&) -> Result<void> {
          if (current == call) return tl::unexpected(error);
          return {};
        });
  }

  void ExpectNothingLeft() {
    EXPECT_THAT(hypervisor_.domains(), IsEmpty());
    EXPECT_THAT(ShareDirs(), IsEmpty());
    EXPECT_THAT(manager_->List().cvms, IsEmpty());
  }
};

TEST_F(ManagerCreate, AnswersWithARunningCvm) {
  Manager& manager = StartManager();

  const auto created = manager.Create({});

  ASSERT_THAT(created, Succeeds());
  EXPECT_EQ(created->agent_port, 6100);
  EXPECT_EQ(manager.Get(created->id)->state, State::kRunning);
  EXPECT_EQ(hypervisor_.domain(created->id.text())->state, DomainState::kRunning);
  EXPECT_THAT(ShareDirs(), ElementsAre(created->id.text()));
}

TEST_F(ManagerCreate, UsesTheIdThatTheCallerChose) {
  const CvmId id = CvmId::Random();

  EXPECT_EQ(StartManager().Create({.id = id})->id, id);
}

TEST_F(ManagerCreate, RefusesAnIdThatIsTaken) {
  Manager& manager = StartManager();
  const CvmId id = manager.Create({})->id;

  EXPECT_THAT(manager.Create({.id = id}),
              FailsWith(ErrorCode::kAlreadyExists, HasSubstr(id.text())));
  EXPECT_EQ(manager.Get(id)->state, State::kRunning);
  EXPECT_THAT(hypervisor_.domains(), SizeIs(1));
}

TEST_F(ManagerCreate, KeepsTheComputationWithTheDomain) {
  const CvmId id = StartManager().Create({.computation_id = "run-7"})->id;
  StopManager();

  EXPECT_EQ(StartManager().Get(id)->computation_id, "run-7");
}

TEST_F(ManagerCreate, BindsTheComputationToTheLaunchAndCapturesIt) {
  classes_ = {SnpClass(WriteBytes(dir_, "OVMF.fd", SmallOvmf()))};
  classes_.front().name = "default";
  classes_.front().vcpus = 1;
  classes_.front().bind_host_data = true;
  const auto created = StartManager().Create({.computation_json = R"({"id":"7"})"});

  ASSERT_THAT(created, Succeeds());
  const std::string digest = "3c60626057a788d1efcc949fc0c7f79f0701df0ee1a1329515a3890648b65a43";
  EXPECT_EQ(manager_->Get(created->id)->reference_values.at("snp-host-data"), digest);
  EXPECT_THAT(hypervisor_.xml(created->id.text()),
              HasSubstr("<hostData>PGBiYFeniNHvzJSfwMf3nwcB3w7hoTKVFaOJBki2WkM=</hostData>"));
}

TEST_F(ManagerCreate, PassesThroughEveryStateInOrder) {
  Manager& manager = StartManager();

  ASSERT_THAT(manager.Create({}), Succeeds());

  std::vector<State> states;
  const std::vector<Change> changes = *manager.changes().Next(0, 0ms);
  for (const Change& change : changes) states.push_back(change.cvm.state);
  EXPECT_THAT(states, ElementsAre(State::kRequested, State::kReserved, State::kStaged,
                                  State::kDefined, State::kStarting, State::kRunning));
}

TEST_F(ManagerCreate, MarksTheDomainAsRunningOnlyInTheEnd) {
  Manager& manager = StartManager();
  std::string at_start;
  hypervisor_.SetHook([&](const std::string& call, const std::string& id) -> Result<void> {
    if (call == "Start") at_start = hypervisor_.domain(id)->metadata_xml;
    return {};
  });

  const auto created = manager.Create({});

  ASSERT_THAT(created, Succeeds());
  EXPECT_EQ(domain::ParseMetadataXml(at_start)->phase, domain::Phase::kCreating);
  const auto metadata =
      domain::ParseMetadataXml(hypervisor_.domain(created->id.text())->metadata_xml);
  ASSERT_THAT(metadata, Succeeds());
  EXPECT_EQ(metadata->phase, domain::Phase::kRunning);
  EXPECT_EQ(metadata->agent_port, 6100);
  EXPECT_EQ(metadata->instance_id, "test-instance");
}

TEST_F(ManagerCreate, PutsNoSecretIntoTheDomainOrTheLog) {
  Manager& manager = StartManager();
  CreateRequest request{.agent_certs_token = "s3cret-token",
                        .client_key_pem = testing::kPrivateKeyPem,
                        .client_cert_pem = testing::kCertificatePem,
                        .aws_secret_access_key = "s3cret-key"};

  const auto created = manager.Create(request);

  ASSERT_THAT(created, Succeeds());
  EXPECT_THAT(hypervisor_.xml(created->id.text()),
              AllOf(Not(HasSubstr("s3cret")), Not(HasSubstr("PRIVATE KEY"))));
  EXPECT_THAT(logger_.text(), AllOf(Not(HasSubstr("s3cret")), Not(HasSubstr("PRIVATE KEY"))));
}

TEST_F(ManagerCreate, TouchesNothingForABadRequest) {
  Manager& manager = StartManager();

  EXPECT_THAT(manager.Create({.ttl = "5d"}), FailsWith(ErrorCode::kInvalidArgument));

  ExpectNothingLeft();
  EXPECT_EQ(manager.changes().last_revision(), 0u);
}

TEST_F(ManagerCreate, NamesTheKnownClassesWhenOneIsUnknown) {
  classes_.push_back(MinimalClass("small"));
  Manager& manager = StartManager();

  EXPECT_THAT(manager.Create({.class_name = "huge"}),
              FailsWith(ErrorCode::kInvalidArgument,
                        AllOf(HasSubstr("\"huge\""), HasSubstr("default, small"))));
  EXPECT_THAT(manager.Create({.class_name = "small"}), Succeeds());
}

TEST_F(ManagerCreate, SaysWhyAClassCannotRunHere) {
  classes_[0].unavailable = "this host does not offer sev-snp";
  Manager& manager = StartManager();

  EXPECT_THAT(manager.Create({}),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("does not offer sev-snp")));
  ExpectNothingLeft();
}

TEST_F(ManagerCreate, GivesBackTheSlotWhenStartFails) {
  options_.max_cvms = 1;
  Manager& manager = StartManager();
  FailCalls("Start", Error(ErrorCode::kFailedPrecondition, "QEMU said no"));

  EXPECT_THAT(manager.Create({}),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("QEMU said no")));

  ExpectNothingLeft();
  hypervisor_.SetHook({});
  EXPECT_THAT(manager.Create({}), Succeeds());
}

TEST_F(ManagerCreate, GivesBackEverythingWhenDefineFails) {
  Manager& manager = StartManager();
  FailCalls("Define", Error(ErrorCode::kInvalidArgument, "schema"));

  EXPECT_THAT(manager.Create({}), FailsWith(ErrorCode::kInvalidArgument));

  ExpectNothingLeft();
}

TEST_F(ManagerCreate, NamesAMissingKernelBeforeLibvirtIsAsked) {
  classes_[0].boot.kernel_path = dir_.path() + "/bzImage";
  Manager& manager = StartManager();

  const auto created = manager.Create({});

  EXPECT_THAT(created, FailsWith(ErrorCode::kFailedPrecondition,
                                 AllOf(HasSubstr("kernel file"), HasSubstr("/bzImage"))));
  ExpectNothingLeft();
  EXPECT_THAT(hypervisor_.calls(), Not(::testing::Contains("Define")));
}

TEST_F(ManagerCreate, QuotesTheConsoleOfADomainThatFailedToStart) {
  Manager& manager = StartManager();
  hypervisor_.SetHook([&](const std::string& call, const std::string& id) -> Result<void> {
    if (call != "Start") return {};
    const std::string path = options_.console_dir + "/test-instance/" + id + ".log";
    std::FILE* console = std::fopen(path.c_str(), "a");
    std::fputs("Kernel panic - not syncing: no init\n", console);
    std::fclose(console);
    return Fail(ErrorCode::kInternal, "domain is not running");
  });

  EXPECT_THAT(manager.Create({}),
              FailsWith(ErrorCode::kInternal, AllOf(HasSubstr("domain is not running"),
                                                    HasSubstr("console:\nKernel panic"))));
  ExpectNothingLeft();
}

TEST_F(ManagerCreate, FailsWhenTheDomainDiesBeforeTheAnswer) {
  Manager& manager = StartManager();
  hypervisor_.SetHook([&](const std::string& call, const std::string& id) -> Result<void> {
    if (call != "SetMetadata") return {};
    hypervisor_.Kill(id);
    // The housekeeper has to have seen it, or the creation would be right to say it runs.
    EXPECT_TRUE(testing::Eventually([&] { return events_->Idle(); }));
    return {};
  });

  EXPECT_THAT(manager.Create({}),
              FailsWith(ErrorCode::kInternal, HasSubstr("right after its start")));
  ExpectNothingLeft();
}

TEST_F(ManagerCreate, TakesTheNextPortWhenAStrangerGotTheFirst) {
  Manager& manager = StartManager();
  int starts = 0;
  hypervisor_.SetHook([&](const std::string& call, const std::string&) -> Result<void> {
    if (call != "Start" || ++starts > 2) return {};
    return tl::unexpected(
        Error(ErrorCode::kAlreadyExists, "passt: Failed to bind").WithReason("port-in-use"));
  });

  const auto created = manager.Create({});

  ASSERT_THAT(created, Succeeds());
  EXPECT_EQ(created->agent_port, 6102);
  EXPECT_THAT(hypervisor_.domains(), SizeIs(1));
  EXPECT_EQ(manager.Create({})->agent_port, 6100);
}

TEST_F(ManagerCreate, SaysSoWhenStrangersHaveEveryPort) {
  options_.last_port = 6102;
  Manager& manager = StartManager();
  FailCalls("Start", Error(ErrorCode::kAlreadyExists, "passt").WithReason("port-in-use"));

  EXPECT_THAT(manager.Create({}),
              FailsWith(ErrorCode::kResourceExhausted, HasSubstr("range 6100-6102")));
  ExpectNothingLeft();
}

TEST_F(ManagerCreate, LetsExactlyFiveOfEightThroughALimitOfFive) {
  options_.max_cvms = 5;
  Manager& manager = StartManager();
  std::mutex mutex;
  std::set<std::uint16_t> ports;
  int refused = 0;

  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&] {
        const auto created = manager.Create({});
        const std::lock_guard lock(mutex);
        if (created) {
          ports.insert(created->agent_port);
        } else {
          EXPECT_THAT(created, FailsWith(ErrorCode::kResourceExhausted));
          ++refused;
        }
      });
    }
  }

  EXPECT_THAT(ports, SizeIs(5));
  EXPECT_EQ(refused, 3);
  EXPECT_THAT(manager.List().cvms, SizeIs(5));
  EXPECT_THAT(ShareDirs(), SizeIs(5));
}

TEST_F(ManagerCreate, UndoesWhatACallerNoLongerWants) {
  Manager& manager = StartManager();
  int asked = 0;

  // Gone after the step "define".
  const auto created = manager.Create({}, [&asked] { return ++asked >= 5; });

  EXPECT_THAT(created, FailsWith(ErrorCode::kCancelled, HasSubstr("\"define\"")));
  ExpectNothingLeft();
}

TEST_F(ManagerCreate, IsRefusedWhileLibvirtCannotBeReached) {
  hypervisor_.SetReachable(false);
  Manager& manager = StartManager();

  EXPECT_THAT(manager.Create({}), FailsWith(ErrorCode::kUnavailable));
  EXPECT_FALSE(manager.IsReady());
  ExpectNothingLeft();
}

TEST_F(ManagerCreate, IsCleanedUpLaterWhenLibvirtGoesAwayInTheMiddle) {
  options_.max_cvms = 1;
  Manager& manager = StartManager();
  hypervisor_.SetHook([&](const std::string& call, const std::string&) -> Result<void> {
    if (call == "Start") hypervisor_.SetReachable(false);
    return {};
  });

  EXPECT_THAT(manager.Create({}), FailsWith(ErrorCode::kUnavailable));

  ASSERT_THAT(manager.List().cvms, SizeIs(1));
  EXPECT_EQ(manager.List().cvms[0].state, State::kUnknown);
  hypervisor_.SetHook({});
  hypervisor_.SetReachable(true);
  clock_.Advance(60s);
  EXPECT_TRUE(testing::Eventually([&] { return manager.List().cvms.empty(); }));
  ExpectNothingLeft();
  EXPECT_THAT(manager.Create({}), Succeeds());
}

TEST_F(ManagerCreate, ReportsTheStepsAsTheyAreDone) {
  std::vector<CreateStep> steps;
  options_.after_step = [&steps](CreateStep step) { steps.push_back(step); };
  Manager& manager = StartManager();

  ASSERT_THAT(manager.Create({}), Succeeds());

  EXPECT_THAT(steps, ElementsAre(CreateStep::kValidate, CreateStep::kReserve, CreateStep::kStage,
                                 CreateStep::kCapture, CreateStep::kDefine, CreateStep::kStart));
}

}  // namespace
}  // namespace cocos::cvm
