#include "testagent/agent.h"

#include <gmock/gmock.h>

#include "unit/testagent/silent_logger.h"
#include "unit/testagent/temp_directory.h"
#include "unit/testagent/test_keys.h"

namespace cocos::testagent {
namespace {

using ::testing::HasSubstr;

class AgentTest : public ::testing::Test {
 protected:
  AgentTest() { outbox_.Pop({}); }  // the attestation report

  cvms::ServerStreamMessage RunRequest() const {
    cvms::ServerStreamMessage message;
    cvms::ComputationRunReq& request = *message.mutable_runreq();
    request.set_id("7");
    request.mutable_algorithm()->set_hash(std::string(32, 'h'));
    request.mutable_algorithm()->set_userkey(key_.PublicDer());
    request.add_result_consumers()->set_userkey(key_.PublicDer());
    request.mutable_agent_config()->set_port("0");
    return message;
  }
  // The next answer that is neither event nor log.
  cvms::ClientStreamMessage NextAnswer() {
    auto message = outbox_.Pop({});
    while (message->has_agent_event() || message->has_agent_log()) message = outbox_.Pop({});
    return *message;
  }
  std::string StateNow() {
    cvms::ServerStreamMessage message;
    message.mutable_agentstatereq()->set_id("q");
    EXPECT_TRUE(agent_.OnMessage(message));
    const auto answer = NextAnswer();
    EXPECT_EQ(answer.agentstateres().id(), "q");
    return answer.agentstateres().state();
  }

  const TestKey key_{KeyKind::kEd25519};
  TempDirectory directory_;
  SilentLogger logger_;
  Outbox outbox_;
  Agent agent_{{.listen_host = "127.0.0.1", .work_root = directory_.path()}, outbox_, logger_};
};

TEST(AgentStart, QueuesAnEmptyAttestationReportFirst) {
  TempDirectory directory;
  SilentLogger logger;
  Outbox outbox;
  Agent agent({.listen_host = "127.0.0.1", .work_root = directory.path()}, outbox, logger);

  const auto message = outbox.Pop({});

  ASSERT_TRUE(message->has_vtpmattestationreport());
  EXPECT_EQ(message->SerializeAsString(), std::string("\x32\x00", 2));
}

TEST_F(AgentTest, ListensForUsersOnlyOnceThereIsAManifest) {
  EXPECT_EQ(agent_.port(), 0);

  EXPECT_TRUE(agent_.OnMessage(RunRequest()));

  EXPECT_NE(agent_.port(), 0);
  EXPECT_EQ(NextAnswer().run_res().error(), "");
  EXPECT_EQ(StateNow(), "ReceivingAlgorithm");
}

TEST_F(AgentTest, AnswersABadManifestWithItsError) {
  auto message = RunRequest();
  message.mutable_runreq()->mutable_algorithm()->set_hash("short");

  EXPECT_TRUE(agent_.OnMessage(message));

  const auto answer = NextAnswer();
  EXPECT_EQ(answer.run_res().computation_id(), "7");
  EXPECT_THAT(answer.run_res().error(), HasSubstr("digest of 5 bytes"));
  EXPECT_EQ(StateNow(), "ReceivingManifest");
}

TEST_F(AgentTest, RefusesAttestedTlsWithoutATee) {
  auto message = RunRequest();
  message.mutable_runreq()->mutable_agent_config()->set_attested_tls(true);

  EXPECT_TRUE(agent_.OnMessage(message));

  EXPECT_THAT(NextAnswer().run_res().error(), HasSubstr("no TEE"));
  EXPECT_EQ(agent_.port(), 0);
}

TEST_F(AgentTest, RefusesABadPort) {
  auto message = RunRequest();
  message.mutable_runreq()->mutable_agent_config()->set_port("65536");

  EXPECT_TRUE(agent_.OnMessage(message));

  EXPECT_THAT(NextAnswer().run_res().error(), HasSubstr("65536"));
}

TEST_F(AgentTest, IgnoresARunRequestSentAgain) {
  agent_.OnMessage(RunRequest());
  const auto port = agent_.port();
  ASSERT_TRUE(NextAnswer().has_run_res());

  EXPECT_TRUE(agent_.OnMessage(RunRequest()));

  EXPECT_EQ(StateNow(), "ReceivingAlgorithm");  // and no answer to the second request before this
  EXPECT_EQ(agent_.port(), port);
}

TEST_F(AgentTest, StopsTheComputationAndItsService) {
  agent_.OnMessage(RunRequest());
  ASSERT_TRUE(NextAnswer().has_run_res());
  cvms::ServerStreamMessage stop;
  stop.mutable_stopcomputation()->set_computation_id("7");

  EXPECT_TRUE(agent_.OnMessage(stop));

  EXPECT_EQ(NextAnswer().stopcomputationres().message(), "");
  EXPECT_EQ(agent_.port(), 0);
  EXPECT_EQ(StateNow(), "ReceivingManifest");
}

TEST_F(AgentTest, AnswersAStopOfAnotherComputationWithAnError) {
  agent_.OnMessage(RunRequest());
  ASSERT_TRUE(NextAnswer().has_run_res());
  cvms::ServerStreamMessage stop;
  stop.mutable_stopcomputation()->set_computation_id("8");

  EXPECT_TRUE(agent_.OnMessage(stop));

  EXPECT_THAT(NextAnswer().stopcomputationres().message(), HasSubstr("8"));
  EXPECT_NE(agent_.port(), 0);
}

TEST_F(AgentTest, ClosesTheStreamWhenAskedToConnectAgain) {
  cvms::ServerStreamMessage message;
  message.mutable_disconnectreq()->set_id("7");

  EXPECT_FALSE(agent_.OnMessage(message));
}

TEST_F(AgentTest, IgnoresAMessageItDoesNotKnow) {
  EXPECT_TRUE(agent_.OnMessage(cvms::ServerStreamMessage()));
}

}  // namespace
}  // namespace cocos::testagent
