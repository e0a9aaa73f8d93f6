#include "cvm/agent_monitor.h"

#include <algorithm>
#include <thread>

#include "domain/render.h"
#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::cvm {
namespace {

using namespace std::chrono_literals;
using cocos::testing::Eventually;
using cocos::testing::ManagerFixture;
using cocos::testing::Succeeds;
using domain::AttestationResult;
using domain::Release;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AgentMonitorTest : public ManagerFixture {
 protected:
  AgentMonitorTest() {
    StartManager();
    id_ = manager_->Create({})->id;
  }

  AgentMonitor& agents() { return manager_->agents(); }
  Snapshot Cvm() const { return *manager_->Get(id_); }

  // Texts of the changes that are none of the state, from the start.
  std::vector<std::string> Notes() const {
    std::vector<std::string> notes;
    const auto changes = manager_->changes().Next(0, 0ms, 10'000);
    for (const Change& change : *changes) {
      if (change.kind != ChangeKind::kLifeCycle) notes.push_back(change.text);
    }
    return notes;
  }
  // What a manager that starts anew would find.
  std::optional<domain::AttestationNote> Recorded() const {
    const auto domain = hypervisor_.domain(id_.text());
    return domain ? domain::ParseMetadataXml(domain->metadata_xml)->attestation : std::nullopt;
  }
  domain::Phase RecordedPhase() const {
    return domain::ParseMetadataXml(hypervisor_.domain(id_.text())->metadata_xml)->phase;
  }

  CvmId id_ = CvmId::Random();
};

TEST_F(AgentMonitorTest, KeepsWhatAnAgentSaysOfItself) {
  EXPECT_FALSE(Cvm().agent.has_value());
  agents().NoteConnected(id_, true);
  agents().NoteState(id_, "Running", "InProgress");

  EXPECT_TRUE(Cvm().agent->connected);
  EXPECT_EQ(Cvm().agent->state, "Running");
  EXPECT_EQ(Cvm().agent->status, "InProgress");
  EXPECT_EQ(Cvm().agent->time, clock_.Now());
  EXPECT_THAT(Notes(), ElementsAre("connected", "Running: InProgress"));
}

TEST_F(AgentMonitorTest, PublishesEachNoteWithTheCvmAsItThenIs) {
  const std::uint64_t before = manager_->changes().last_revision();

  agents().NoteConnected(id_, true);
  agents().NoteConnected(id_, false);

  const auto changes = *manager_->changes().Next(before, 0ms);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].revision, before + 1);
  EXPECT_EQ(changes[0].kind, ChangeKind::kAgent);
  EXPECT_EQ(changes[0].previous, State::kRunning);
  EXPECT_TRUE(changes[0].cvm.agent->connected);
  EXPECT_FALSE(changes[1].cvm.agent->connected);
}

TEST_F(AgentMonitorTest, PublishesTheSameAgainOnce) {
  for (int i = 0; i < 100; ++i) {
    agents().NoteConnected(id_, true);
    agents().NoteState(id_, "Running", "InProgress");
    agents().NoteAppraisal(id_, "report", true, "verified");
  }

  EXPECT_THAT(Notes(), ElementsAre("connected", "Running: InProgress", "passed: verified"));
  EXPECT_EQ(agents().totals().passed, 100u);
}

TEST_F(AgentMonitorTest, MakesTextsOfGuestsShortAndPrintable) {
  agents().NoteState(id_, "\x1b]0;title\x07", std::string(10'000, 'a'));

  EXPECT_EQ(Cvm().agent->state, "?]0;title?");
  EXPECT_EQ(Cvm().agent->status, std::string(64, 'a') + "...");
}

TEST_F(AgentMonitorTest, AnAgentsAnswerIsAChange) {
  agents().NoteAnswer(id_, "");
  agents().NoteAnswer(id_, "no such algorithm");

  EXPECT_THAT(Notes(), ElementsAre("took its computation",
                                   "cannot take its computation: no such algorithm"));
}

TEST_F(AgentMonitorTest, AnAgentThatNeverRestsPushesOutNoChangeOfState) {
  for (int i = 0; i < 50'000; ++i) agents().NoteState(id_, "Running", std::to_string(i));

  const auto changes = *manager_->changes().Next(0, 0ms, 100'000);

  EXPECT_EQ(std::ranges::count(changes, ChangeKind::kLifeCycle, &Change::kind), 6);
  EXPECT_EQ(changes.size(), 6 + ChangeFeed::kMaxNotesOfCvm);
  EXPECT_EQ(changes.back().text, "Running: 49999");
}

TEST_F(AgentMonitorTest, WritesAVerdictIntoTheDomainsMetadata) {
  agents().NoteAppraisal(id_, "enforce", true, "verified");
  agents().NoteReleased(id_, "enforce");

  EXPECT_TRUE(Eventually([&] { return Recorded() == Cvm().attestation; }));
  EXPECT_EQ(Recorded()->mode, "enforce");
  EXPECT_EQ(Recorded()->result, AttestationResult::kPassed);
  EXPECT_EQ(Recorded()->release, Release::kReleased);
  EXPECT_EQ(RecordedPhase(), domain::Phase::kRunning);
}

TEST_F(AgentMonitorTest, ARestartedManagerKnowsTheVerdict) {
  agents().NoteAppraisal(id_, "report", false, "snp.measurement: expected a, was b");
  ASSERT_TRUE(Eventually([&] { return Recorded().has_value(); }));
  StopManager();

  StartManager();

  ASSERT_TRUE(Cvm().attestation.has_value());
  EXPECT_EQ(Cvm().attestation->result, AttestationResult::kFailed);
  EXPECT_EQ(Cvm().attestation->summary, "snp.measurement: expected a, was b");
}

TEST_F(AgentMonitorTest, WritesTheVerdictOnceLibvirtIsBack) {
  hypervisor_.SetReachable(false);
  ASSERT_TRUE(Eventually([&] { return Cvm().state == State::kUnknown; }));
  agents().NoteAppraisal(id_, "report", true, "verified");

  hypervisor_.SetReachable(true);

  EXPECT_TRUE(Eventually([&] { return Recorded().has_value(); }));
}

TEST_F(AgentMonitorTest, AVerdictNeverTakesAwayTheMarkOfARemoval) {
  // The removal marks the domain while the verdict is on its way to it.
  std::atomic<bool> first = true;
  std::jthread removal;
  hypervisor_.SetGuestsHonourShutdown(false);
  hypervisor_.SetHook([&](const std::string& call, const std::string&) -> Result<void> {
    if (call != "SetMetadata" || !first.exchange(false)) return {};
    removal = std::jthread([&] { static_cast<void>(manager_->Remove(id_)); });
    EXPECT_TRUE(Eventually([&] { return RecordedPhase() == domain::Phase::kRemoving; }));
    return {};
  });

  agents().NoteAppraisal(id_, "report", true, "verified");

  EXPECT_TRUE(Eventually([&] { return Recorded().has_value(); }));
  EXPECT_TRUE(Eventually([&] { return RecordedPhase() == domain::Phase::kRemoving; }));
  hypervisor_.SetHook({});
}

TEST_F(AgentMonitorTest, ARefusalIsKeptWithItsReason) {
  agents().NoteRefused(id_, "enforce", "its agent sent no evidence in time");

  EXPECT_EQ(Cvm().attestation->result, AttestationResult::kNone);
  EXPECT_EQ(Cvm().attestation->release, Release::kRefused);
  EXPECT_THAT(Notes(), ElementsAre("computation refused: its agent sent no evidence in time"));
  EXPECT_EQ(agents().totals().refused, 1u);
}

TEST_F(AgentMonitorTest, KeepsLogsUntilTheCvmIsGone) {
  agents().NoteLog(id_, "INFO", "hello");
  const std::shared_ptr<const LogRing> log = agents().LogOf(id_);
  ASSERT_NE(log, nullptr);
  EXPECT_EQ(log->Read(0, 0ms, 1).entries.front()->text, "hello");

  ASSERT_THAT(manager_->Remove(id_), Succeeds());

  EXPECT_TRUE(log->Read(1, 10s, 1).closed);
  EXPECT_EQ(agents().LogOf(id_), nullptr);
}

TEST_F(AgentMonitorTest, DropsWhatIsSaidOfAnUnknownCvm) {
  const CvmId nobody = CvmId::Random();
  const std::uint64_t before = manager_->changes().last_revision();

  agents().NoteConnected(nobody, true);
  agents().NoteLog(nobody, "INFO", "hello");
  agents().NoteReleased(nobody, "off");

  EXPECT_EQ(manager_->changes().last_revision(), before);
  EXPECT_EQ(agents().LogOf(nobody), nullptr);
}

}  // namespace
}  // namespace cocos::cvm
