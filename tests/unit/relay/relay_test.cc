#include "relay/relay.h"

#include "unit/relay/relay_fixture.h"

namespace cocos::relay {
namespace {

using namespace std::chrono_literals;
using ::cocos::testing::FakeStream;
using ::cocos::testing::RelayFixture;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class RelayTest : public RelayFixture {};

TEST_F(RelayTest, ReleasesWithoutAGateWhenEvidenceComes) {
  Admit(ReleaseMode::kOff);
  const auto stream = Connect();
  EXPECT_EQ(stream->manifest(), "");

  SendEvidence(stream, "anything");

  EXPECT_EQ(stream->manifest(), "the manifest");
  EXPECT_THAT(sink_.Take(), ElementsAre("connected 7 ", "released 7 "));
}

TEST_F(RelayTest, ReleasesWithoutAGateToAnAgentThatSendsNoEvidence) {
  Admit(ReleaseMode::kOff);
  const auto stream = Connect();

  relay_->Tick(kStart + 4999ms);
  EXPECT_EQ(stream->manifest(), "");
  relay_->Tick(kStart + 5s);

  EXPECT_EQ(stream->manifest(), "the manifest");
}

TEST_F(RelayTest, SendsNothingToALogForwarder) {
  Admit(ReleaseMode::kOff);
  const auto stream = Connect(true);

  relay_->Tick(kStart + 1h);

  EXPECT_EQ(stream->manifest(), "");
}

TEST_F(RelayTest, OffersAStreamTheManifestOnce) {
  Admit(ReleaseMode::kOff);
  const auto stream = Connect();

  SendEvidence(stream, "anything");
  SendEvidence(stream, "anything");
  relay_->Tick(kStart + 1h);

  EXPECT_EQ(stream->manifests(), 1);
}

TEST_F(RelayTest, OffersItAgainToAnAgentThatDidNotAnswerAndComesBack) {
  Admit(ReleaseMode::kOff);
  const auto first = Connect();
  SendEvidence(first, "anything");
  relay_->OnDisconnected(kId, first);

  const auto second = Connect();
  relay_->Tick(kStart + 5s);

  EXPECT_EQ(second->manifests(), 1);
}

TEST_F(RelayTest, NeverOffersWhatWasAccepted) {
  Admit(ReleaseMode::kOff);
  const auto first = Connect();
  SendEvidence(first, "anything");
  SendAnswer(first);
  relay_->OnDisconnected(kId, first);

  const auto second = Connect();
  SendEvidence(second, "anything");
  Restart();
  const auto third = Connect();
  SendEvidence(third, "anything");
  relay_->Tick(kStart + 5s);

  EXPECT_EQ(second->manifest(), "");
  EXPECT_EQ(third->manifest(), "");
}

TEST_F(RelayTest, HandsOnWhyAnAgentCannotTakeIt) {
  Admit(ReleaseMode::kOff);
  const auto stream = Connect();
  SendEvidence(stream, "anything");

  SendAnswer(stream, "no server");

  EXPECT_THAT(sink_.Take(), Contains("answer 7 no server"));
  EXPECT_NE(admissions_->StandingOf(kId), Standing::kAccepted);
}

TEST_F(RelayTest, ReportsAnAppraisalAndReleasesAllTheSame) {
  Admit(ReleaseMode::kReport);
  const auto stream = Connect();

  SendEvidence(stream, "bad");

  EXPECT_EQ(stream->manifest(), "the manifest");
  EXPECT_THAT(sink_.Take(), ElementsAre("connected 7 ", "failed 7 it is bad", "released 7 "));
}

TEST_F(RelayTest, EnforcesThatEvidencePassesBeforeTheRelease) {
  Admit(ReleaseMode::kEnforce);
  const auto stream = Connect();
  relay_->Tick(kStart + 5s);
  EXPECT_EQ(stream->manifest(), "");

  SendEvidence(stream, "good");

  EXPECT_EQ(stream->manifest(), "the manifest");
  EXPECT_THAT(sink_.Take(), ElementsAre("connected 7 ", "passed 7 it is good", "released 7 "));
}

TEST_F(RelayTest, RefusesForGoodWhenEvidenceFails) {
  Admit(ReleaseMode::kEnforce);
  const auto first = Connect();

  SendEvidence(first, "bad");

  EXPECT_TRUE(first->closed);
  EXPECT_THAT(sink_.Take(),
              ElementsAre("connected 7 ", "failed 7 it is bad", "refused 7 it is bad"));
  const auto second = Connect();
  SendEvidence(second, "good");
  relay_->Tick(kStart + 5s);
  EXPECT_EQ(first->manifest() + second->manifest(), "");
  EXPECT_THAT(sink_.Take(), Not(Contains("passed 7 it is good")));
}

TEST_F(RelayTest, ReportsEvidenceThatComesAfterTheAcceptanceAndNoMore) {
  Admit(ReleaseMode::kEnforce);
  const auto first = Connect();
  SendEvidence(first, "good");
  SendAnswer(first);
  sink_.Take();

  const auto second = Connect();
  SendEvidence(second, "bad");

  EXPECT_THAT(sink_.Take(), ElementsAre("connected 7 ", "failed 7 it is bad"));
  EXPECT_FALSE(second->closed);
  EXPECT_EQ(second->manifest(), "");
  EXPECT_EQ(admissions_->StandingOf(kId), Standing::kAccepted);
}

TEST_F(RelayTest, RefusesAfterARestartWhatWasRefusedBefore) {
  Admit(ReleaseMode::kEnforce);
  SendEvidence(Connect(), "bad");
  sink_.Take();
  Restart();

  relay_->Tick(kStart);
  const auto stream = Connect();
  SendEvidence(stream, "good");

  EXPECT_EQ(stream->manifest(), "");
  EXPECT_THAT(sink_.Take(), Contains("refused 7 it is bad"));
}

TEST_F(RelayTest, RemembersOverARestartThatEvidencePassed) {
  Admit(ReleaseMode::kEnforce);
  const auto first = Connect();
  SendEvidence(first, "good");
  Restart();  // before the agent answered

  const auto second = Connect();
  relay_->Tick(kStart + 5s);

  EXPECT_EQ(second->manifest(), "the manifest");
}

TEST_F(RelayTest, RefusesWhenNoEvidenceComesInTime) {
  Admit(ReleaseMode::kEnforce);
  const auto stream = Connect();

  relay_->Tick(kStart + 599s);
  EXPECT_FALSE(stream->closed);
  relay_->Tick(kStart + 600s);
  relay_->Tick(kStart + 601s);

  EXPECT_TRUE(stream->closed);
  EXPECT_THAT(sink_.Take(),
              ElementsAre("connected 7 ", "refused 7 its agent sent no evidence in time"));
}

TEST_F(RelayTest, TakesNoAnswerOfAnAgentThatWasOfferedNothing) {
  Admit(ReleaseMode::kEnforce, 20s);
  const auto stream = Connect();
  cvms::ClientStreamMessage answer;
  answer.mutable_run_res()->set_computation_id("7");

  relay_->OnMessage(kId, stream, answer);
  relay_->Tick(kStart + 20s);

  EXPECT_EQ(admissions_->RefusalOf(kId), "its agent sent no evidence in time");
  EXPECT_TRUE(stream->closed);
}

TEST_F(RelayTest, AppraisesOnceForEachStream) {
  Admit(ReleaseMode::kReport);
  const auto stream = Connect();
  SendEvidence(stream, "good");
  sink_.Take();

  SendEvidence(stream, "bad");

  EXPECT_THAT(sink_.Take(), ::testing::IsEmpty());
}

TEST_F(RelayTest, WaitsAsLongAsTheTermsOfTheCvmSay) {
  Admit(ReleaseMode::kEnforce, 20s);
  const auto stream = Connect();

  relay_->Tick(kStart + 19s);
  EXPECT_FALSE(stream->closed);
  relay_->Tick(kStart + 20s);

  EXPECT_TRUE(stream->closed);
}

// A CVM may be kept for inspection, and its agent comes back every few seconds.
TEST_F(RelayTest, ListensToNoAgentOfARefusedCvm) {
  Admit(ReleaseMode::kEnforce);
  SendEvidence(Connect(), "bad");
  sink_.Take();

  const auto again = Connect();

  EXPECT_TRUE(again->closed);
  EXPECT_EQ(relay_->streams(), 1u);  // the first, whose end the transport reports
  EXPECT_THAT(sink_.Take(), IsEmpty());
}

TEST_F(RelayTest, ListensToNoAgentOfARefusedCvmAfterARestart) {
  Admit(ReleaseMode::kEnforce);
  SendEvidence(Connect(), "bad");
  Restart();
  sink_.Take();

  const auto again = Connect();
  relay_->Tick(kStart);

  EXPECT_TRUE(again->closed);
  EXPECT_THAT(sink_.Take(), ElementsAre("refused 7 it is bad"));
}

TEST_F(RelayTest, KeepsOverARestartThatTheDeadlineRefused) {
  Admit(ReleaseMode::kEnforce);
  relay_->Tick(kStart + 600s);
  Restart();
  sink_.Take();

  relay_->Tick(kStart);
  const auto late = Connect();
  SendEvidence(late, "good");

  EXPECT_EQ(late->manifest(), "");
  EXPECT_THAT(sink_.Take(), ElementsAre("refused 7 its agent sent no evidence in time"));
}

TEST_F(RelayTest, HasNoDeadlineForWhatIsNotEnforced) {
  Admit(ReleaseMode::kReport);
  const auto stream = Connect();

  relay_->Tick(kStart + 1h);

  EXPECT_FALSE(stream->closed);
}

TEST_F(RelayTest, ClosesTheStreamsOfACvmThatIsGone) {
  Admit(ReleaseMode::kOff);
  const auto stream = Connect();
  EXPECT_EQ(relay_->streams(), 1u);

  relay_->Dismissed(kId);

  EXPECT_TRUE(stream->closed);
  EXPECT_EQ(relay_->streams(), 0u);
}

TEST_F(RelayTest, ClosesAStreamWhoseCvmIsNotKnown) {
  const auto stream = Connect();

  EXPECT_TRUE(stream->closed);
  EXPECT_THAT(sink_.Take(), IsEmpty());
}

TEST_F(RelayTest, HandsOnLogsAndEventsUnderTheIdOfTheCvm) {
  Admit(ReleaseMode::kOff);
  const auto stream = Connect(true);
  cvms::ClientStreamMessage log;
  log.mutable_agent_log()->set_message("text");
  log.mutable_agent_log()->set_computation_id("another's");
  cvms::ClientStreamMessage event;
  event.mutable_agent_event()->set_event_type("Running");

  relay_->OnMessage(kId, stream, log);
  relay_->OnMessage(kId, stream, event);

  EXPECT_THAT(sink_.Take(), ElementsAre("connected 7 ", "log 7 text", "event 7 Running"));
}

TEST_F(RelayTest, TellsWhenAnAgentIsGone) {
  Admit(ReleaseMode::kOff);
  const auto stream = Connect();

  relay_->OnDisconnected(kId, stream);

  EXPECT_THAT(sink_.Take(), ElementsAre("connected 7 ", "disconnected 7 "));
}

TEST_F(RelayTest, KnowsAnAgentFromALogForwarder) {
  Admit(ReleaseMode::kOff);
  EXPECT_FALSE(relay_->HasAgent(kId));

  const auto forwarder = Connect(true);
  EXPECT_FALSE(relay_->HasAgent(kId));
  const auto agent = Connect();
  EXPECT_TRUE(relay_->HasAgent(kId));
  relay_->OnDisconnected(kId, agent);
  EXPECT_FALSE(relay_->HasAgent(kId));
}

TEST_F(RelayTest, CutsALargeManifestIntoChunks) {
  ASSERT_TRUE(
      admissions_->Add(kId, {.computation_id = "7", .manifest = std::string(3 << 20, 'm')}));
  relay_->Admitted(kId, kStart);
  const auto stream = Connect();

  SendEvidence(stream, "anything");

  EXPECT_EQ(stream->sent.size(), 4u);
  EXPECT_EQ(stream->manifest().size(), std::size_t{3} << 20);
}

}  // namespace
}  // namespace cocos::relay
