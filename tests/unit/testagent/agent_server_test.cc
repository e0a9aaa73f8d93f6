#include "testagent/agent_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "proto/agent.grpc.pb.h"
#include "unit/testagent/recording_reporter.h"
#include "unit/testagent/temp_directory.h"

namespace cocos::testagent {
namespace {

using ::testing::HasSubstr;

// Says what it was asked.
class EchoingPlatform final : public EvidenceSource {
 public:
  Result<std::string> Evidence(const EvidenceChallenge& challenge) override {
    return crypto::HexEncode(challenge.report_data) + " " + crypto::HexEncode(challenge.tpm_nonce);
  }
};

class AgentServerTest : public ::testing::Test {
 protected:
  grpc::Status Attest(const std::string& tee_nonce, const std::string& tpm_nonce,
                      EvidenceSource* platform) {
    cvms::AgentConfig config;
    config.set_port("0");
    const auto server = AgentServer::Start("127.0.0.1", config, computation_, platform).value();
    const auto stub = agent::AgentService::NewStub(grpc::CreateChannel(
        fmt::format("127.0.0.1:{}", server->port()), grpc::InsecureChannelCredentials()));
    agent::AttestationRequest request;
    request.set_teenonce(tee_nonce);
    request.set_vtpmnonce(tpm_nonce);
    grpc::ClientContext context;
    const auto reader = stub->Attestation(&context, request);
    agent::AttestationResponse response;
    while (reader->Read(&response)) evidence_ += response.file();
    return reader->Finish();
  }

  TempDirectory work_;
  RecordingReporter reporter_;
  Computation computation_{reporter_, work_.path()};
  EchoingPlatform platform_;
  std::string evidence_;
};

TEST_F(AgentServerTest, EvidenceAnswersTheNoncesOfTheRequest) {
  EXPECT_TRUE(Attest("\x01\x02", "\x03", &platform_).ok());

  EXPECT_EQ(evidence_, "0102" + std::string(124, '0') + " 03" + std::string(62, '0'));
}

TEST_F(AgentServerTest, ANonceThatIsLeftOutIsZero) {
  EXPECT_TRUE(Attest("\x01", "", &platform_).ok());

  EXPECT_EQ(evidence_, "01" + std::string(126, '0') + " " + std::string(64, '0'));
}

TEST_F(AgentServerTest, ANonceThatIsTooLongIsRefused) {
  EXPECT_EQ(Attest(std::string(65, 'x'), "", &platform_).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Attest("x", std::string(33, 'x'), &platform_).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(evidence_, "");
}

TEST_F(AgentServerTest, WithoutATeeThereIsNoEvidence) {
  const grpc::Status status = Attest("x", "", nullptr);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("no TEE"));
}

}  // namespace
}  // namespace cocos::testagent
