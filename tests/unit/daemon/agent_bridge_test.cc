// What agents report reaches the record of their CVM.
#include "daemon/agent_bridge.h"

#include "unit/relay/relay_fixture.h"

namespace cocos::daemon {
namespace {

using namespace std::chrono_literals;
using cocos::testing::FakeStream;
using cocos::testing::ManagerFixture;
using cocos::testing::Succeeds;
using domain::AttestationResult;
using domain::Release;

class AgentBridgeTest : public ManagerFixture {
 protected:
  AgentBridgeTest()
      : pki_(*relay::Pki::Open(dir_.path() + "/pki", Now())),
        admissions_(*relay::Admissions::Open(dir_.path() + "/relay")),
        outbox_(cms::Outbox::Options{}) {
    StartManager();
    id_ = manager_->Create({})->id;
    Join();
  }

  // Bridge and relay of a process.
  void Join() {
    bridge_ = std::make_unique<AgentBridge>(
        AgentBridge::Parts{*manager_, clock_, pki_, *admissions_, outbox_, logger_}, "host:7020",
        [this](std::string_view) { return relay::ReleaseTerms{.mode = mode_}; },
        [](const cvm::CvmId&, const attestation::launch::Digest384&) { return ""; });
    relay_ = std::make_unique<relay::Relay>(
        relay::Relay::Options{}, *admissions_,
        [](const cvm::CvmId&, const relay::Admission&, const std::string& evidence) {
          return relay::Appraisal{.passed = evidence == "good", .summary = "it is " + evidence};
        },
        *bridge_, logger_, relay::Relay::TimePoint{});
    bridge_->Join(*relay_);
  }

  relay::TimePoint Now() const { return std::chrono::floor<std::chrono::seconds>(clock_.Now()); }
  void Admit(relay::ReleaseMode mode) {
    mode_ = mode;
    cvms::ComputationRunReq manifest;
    manifest.set_id("run-7");
    EXPECT_THAT(bridge_->Admit(id_, "default", manifest), Succeeds());
  }
  std::shared_ptr<FakeStream> Connect(bool is_log_forwarder = false) {
    auto stream = std::make_shared<FakeStream>();
    relay_->OnConnected(id_, stream, is_log_forwarder, {});
    return stream;
  }
  void SendEvidence(const std::shared_ptr<FakeStream>& stream, const std::string& evidence) {
    cvms::ClientStreamMessage message;
    message.mutable_vtpmattestationreport()->set_file(evidence);
    relay_->OnMessage(id_, stream, message);
  }
  // Texts of the changes of attestation after a revision, as soon as there are so many.
  std::vector<std::string> NotesAfter(std::uint64_t revision, std::size_t count) const {
    std::vector<std::string> notes;
    while (notes.size() < count) {
      const auto changes = manager_->changes().Next(revision, 5s);
      if (!changes || changes->empty()) break;
      revision = changes->back().revision;
      for (const cvm::Change& change : *changes) {
        if (change.kind == cvm::ChangeKind::kAttestation) notes.push_back(change.text);
      }
    }
    return notes;
  }
  cvm::Snapshot Cvm() const { return *manager_->Get(id_); }

  relay::Pki pki_;
  std::unique_ptr<relay::Admissions> admissions_;
  cms::Outbox outbox_;
  relay::ReleaseMode mode_ = relay::ReleaseMode::kOff;
  cvm::CvmId id_ = cvm::CvmId::Random();
  std::unique_ptr<AgentBridge> bridge_;
  std::unique_ptr<relay::Relay> relay_;
};

TEST_F(AgentBridgeTest, NotesWhetherAnAgentIsConnected) {
  Admit(relay::ReleaseMode::kOff);

  const auto forwarder = Connect(true);
  EXPECT_FALSE(Cvm().agent.has_value());
  const auto agent = Connect();
  EXPECT_TRUE(Cvm().agent->connected);
  relay_->OnDisconnected(id_, agent);
  EXPECT_FALSE(Cvm().agent->connected);
}

TEST_F(AgentBridgeTest, ADismissedCvmHasNoAgent) {
  Admit(relay::ReleaseMode::kOff);
  const auto agent = Connect();

  bridge_->Dismiss(id_);
  relay_->OnDisconnected(id_, agent);

  EXPECT_TRUE(agent->closed);
  EXPECT_FALSE(Cvm().agent->connected);
}

TEST_F(AgentBridgeTest, KeepsLogsAndEvents) {
  Admit(relay::ReleaseMode::kOff);
  const auto agent = Connect();
  cvms::ClientStreamMessage log;
  log.mutable_agent_log()->set_level("WARN");
  log.mutable_agent_log()->set_message("disk is slow");
  cvms::ClientStreamMessage event;
  event.mutable_agent_event()->set_event_type("Running");
  event.mutable_agent_event()->set_status("InProgress");

  relay_->OnMessage(id_, agent, log);
  relay_->OnMessage(id_, agent, event);

  const auto logged = manager_->agents().LogOf(id_)->Read(0, 0ms, 1);
  EXPECT_EQ(logged.entries.front()->text, "disk is slow");
  EXPECT_EQ(logged.entries.front()->level, "WARN");
  EXPECT_EQ(Cvm().agent->state, "Running");
  EXPECT_EQ(Cvm().agent->status, "InProgress");
}

TEST_F(AgentBridgeTest, NotesVerdictAndRelease) {
  Admit(relay::ReleaseMode::kReport);
  const auto agent = Connect();

  SendEvidence(agent, "bad");

  EXPECT_EQ(Cvm().attestation->mode, "report");
  EXPECT_EQ(Cvm().attestation->result, AttestationResult::kFailed);
  EXPECT_EQ(Cvm().attestation->release, Release::kReleased);
  EXPECT_EQ(Cvm().attestation->summary, "it is bad");
}

TEST_F(AgentBridgeTest, NotesARefusal) {
  Admit(relay::ReleaseMode::kEnforce);
  const std::uint64_t before = manager_->changes().last_revision();

  SendEvidence(Connect(), "bad");

  // The CVM goes; what was known of it is in its changes.
  EXPECT_THAT(NotesAfter(before, 2),
              ::testing::ElementsAre("failed: it is bad", "computation refused: it is bad"));
  EXPECT_EQ(manager_->agents().totals().refused, 1u);
  EXPECT_EQ(manager_->agents().totals().released, 0u);
}

TEST_F(AgentBridgeTest, NotesARefusalOfAnEarlierProcessOnceItsCvmIsFound) {
  Admit(relay::ReleaseMode::kEnforce);
  admissions_->SetStanding(id_, relay::Standing::kFailed, "it is bad");
  relay_.reset();
  bridge_.reset();
  hypervisor_.SetReachable(false);
  StartManager();  // which knows no CVM yet
  Join();
  const std::uint64_t before = manager_->changes().last_revision();

  relay_->Tick(relay::Relay::TimePoint{});
  hypervisor_.SetReachable(true);

  EXPECT_THAT(NotesAfter(before, 1),
              ::testing::ElementsAre(::testing::StartsWith("computation refused: ")));
}

}  // namespace
}  // namespace cocos::daemon
