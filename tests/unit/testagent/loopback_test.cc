// The agent, the test server and a user together, over loopback with mTLS on both connections.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <thread>

#include "proto/agent.grpc.pb.h"
#include "testagent/agent.h"
#include "testagent/cvms_client.h"
#include "testagent/tls_material.h"
#include "testserver/server.h"
#include "unit/testagent/recording_logger.h"
#include "unit/testagent/temp_directory.h"
#include "unit/testagent/test_keys.h"
#include "unit/testagent/unzip.h"

namespace cocos::testagent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr std::chrono::seconds kPatience(30);
constexpr char kScript[] = "echo counting; sort datasets/d1.txt > results/sorted.txt\n";

// The lines of a server, as they come.
class Lines {
 public:
  Lines() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    in_ = fdopen(ends[0], "r");
    out_ = fdopen(ends[1], "w");
    reader_ = std::thread([this] { Read(); });
  }
  ~Lines() {
    fclose(out_);
    reader_.join();
    fclose(in_);
  }

  std::FILE* out() { return out_; }
  std::vector<std::string> Seen() {
    std::lock_guard lock(mutex_);
    return lines_;
  }
  // Waits for a line with this text after those an earlier wait has passed; empty when none comes.
  std::string WaitFor(const std::string& text) {
    std::unique_lock lock(mutex_);
    std::string found;
    changed_.wait_for(lock, kPatience, [&] {
      while (found.empty() && next_ < lines_.size()) {
        if (lines_[next_].find(text) != std::string::npos) found = lines_[next_];
        ++next_;
      }
      return !found.empty();
    });
    return found;
  }

 private:
  void Read() {
    char* line = nullptr;
    std::size_t size = 0;
    while (getline(&line, &size, in_) > 0) {
      std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
      changed_.notify_all();
    }
    free(line);
  }

  std::FILE* in_ = nullptr;
  std::FILE* out_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::size_t next_ = 0;
  std::thread reader_;
};

class Loopback : public ::testing::Test {
 protected:
  Loopback() {
    const TestIdentity server = ca_.Issue("test server");
    options_.host = "127.0.0.1";
    options_.server_cert_path = files_.Write("server.pem", server.certificate_pem);
    options_.server_key_path = files_.Write("server.key", server.key_pem);
    options_.client_ca_path = files_.Write("ca.pem", ca_.CertificatePem());
    options_.computation.id = "7";
    options_.computation.algorithm_path = files_.Write("algo.sh", kScript);
    options_.computation.data_paths = {files_.Write("d1.txt", "b\na\n")};
    options_.computation.public_key_path = files_.Write("user.pem", user_.PublicPem());
    options_.computation.agent_port = "0";
    options_.computation.agent_cert_file =
        files_.Write("agent.pem", agent_identity_.certificate_pem);
    options_.computation.agent_key_file = files_.Write("agent.key", agent_identity_.key_pem);
    options_.computation.client_ca_path = options_.client_ca_path;
  }

  void StartServer() {
    auto server = testserver::Server::Start(options_, json_);
    ASSERT_TRUE(server) << server.error().message();
    server_ = std::move(*server);
    options_.port = server_->port();
  }

  Settings AgentSettings() const {
    return {.cvms_url = "127.0.0.1:" + std::to_string(options_.port),
            .cvm_id = "cvm-1",
            .client_cert_path = options_.computation.agent_cert_file,
            .client_key_path = options_.computation.agent_key_file,
            .server_ca_path = options_.client_ca_path};
  }

  void StartAgent(const Settings& settings) {
    client_ = std::make_unique<CvmsClient>(
        CvmsClient::Options{.url = settings.cvms_url,
                            .cvm_id = settings.cvm_id,
                            .credentials = ClientCredentials(settings).value(),
                            .retry_delay = std::chrono::milliseconds(50)},
        outbox_, [this](const auto& message) { return agent_.OnMessage(message); }, logger_);
    stream_ = std::jthread([this](std::stop_token stop) { client_->Run(stop); });
  }

  // A user's connection to the agent, with a client certificate of the CA.
  std::unique_ptr<agent::AgentService::Stub> User() const {
    const TestIdentity identity = ca_.Issue("user");
    const auto channel =
        grpc::CreateChannel("127.0.0.1:" + std::to_string(agent_.port()),
                            grpc::SslCredentials({.pem_root_certs = ca_.CertificatePem(),
                                                  .pem_private_key = identity.key_pem,
                                                  .pem_cert_chain = identity.certificate_pem}));
    return agent::AgentService::NewStub(channel);
  }

  void Identify(grpc::ClientContext& context, std::string_view role) const {
    context.AddMetadata("user-id", std::string(role));
    context.AddMetadata("signature", user_.SignBase64(role));
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
  }

  grpc::Status SendAlgorithm(const std::string& content,
                             std::string_view role = kAlgorithmProviderRole) const {
    grpc::ClientContext context;
    Identify(context, role);
    context.AddMetadata("algo_type", "bin");
    agent::AlgoResponse response;
    const auto stub = User();
    const auto writer = stub->Algo(&context, &response);
    agent::AlgoRequest request;
    for (const char byte : content) {
      request.set_algorithm({byte});
      writer->Write(request);
    }
    writer->WritesDone();
    return writer->Finish();
  }

  grpc::Status SendData(const std::string& name, const std::string& content) const {
    grpc::ClientContext context;
    Identify(context, kDataProviderRole);
    agent::DataResponse response;
    const auto stub = User();
    const auto writer = stub->Data(&context, &response);
    agent::DataRequest request;
    request.set_filename(name);
    request.set_dataset(content);
    writer->Write(request);
    writer->WritesDone();
    return writer->Finish();
  }

  grpc::Status TakeResult(std::string& archive) const {
    grpc::ClientContext context;
    Identify(context, kConsumerRole);
    const auto stub = User();
    const auto reader = stub->Result(&context, agent::ResultRequest());
    agent::ResultResponse response;
    while (reader->Read(&response)) archive += response.file();
    return reader->Finish();
  }

  const TestCa ca_;
  const TestKey user_{KeyKind::kRsa};
  const TestIdentity agent_identity_ = ca_.Issue("agent");
  TempDirectory files_;
  TempDirectory work_;
  Lines lines_;
  testserver::JsonLines json_{lines_.out()};
  testserver::Options options_;
  std::unique_ptr<testserver::Server> server_;
  RecordingLogger logger_;
  Outbox outbox_;
  Agent agent_{{.listen_host = "127.0.0.1", .work_root = work_.path()}, outbox_, logger_};
  std::unique_ptr<CvmsClient> client_;
  std::jthread stream_;  // ends first
};

TEST_F(Loopback, AShellAlgorithmRunsFromManifestToResult) {
  StartServer();
  StartAgent(AgentSettings());
  EXPECT_THAT(lines_.WaitFor("\"connected\""),
              ::testing::AllOf(HasSubstr("cvm-1"), HasSubstr("\"certificate_cn\":\"agent\"")));
  EXPECT_THAT(lines_.WaitFor("\"attestation\""), HasSubstr("\"present\":false"));
  EXPECT_THAT(lines_.WaitFor("run_response"), HasSubstr("\"error\":\"\""));

  ASSERT_TRUE(SendAlgorithm(kScript).ok());
  ASSERT_TRUE(SendData("d1.txt", "b\na\n").ok());
  EXPECT_THAT(lines_.WaitFor("counting"), HasSubstr("\"kind\":\"log\""));
  ASSERT_THAT(lines_.WaitFor("ConsumingResults"), HasSubstr("Ready"));
  std::string archive;
  ASSERT_TRUE(TakeResult(archive).ok());

  EXPECT_THAT(Unzip(archive), ElementsAre(Pair("sorted.txt", "a\nb\n")));
  EXPECT_THAT(lines_.WaitFor("Complete\""), HasSubstr("\"status\":\"Completed\""));
}

TEST_F(Loopback, AWrongDigestIsRefusedAndTheRightOneTakenAfterIt) {
  StartServer();
  StartAgent(AgentSettings());
  ASSERT_THAT(lines_.WaitFor("run_response"), HasSubstr("\"error\":\"\""));

  const grpc::Status refused = SendAlgorithm("echo something else\n");

  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(refused.error_message(), HasSubstr("digest"));
  EXPECT_TRUE(SendAlgorithm(kScript).ok());
}

TEST_F(Loopback, AnUnknownRoleIsRefused) {
  StartServer();
  StartAgent(AgentSettings());
  ASSERT_THAT(lines_.WaitFor("run_response"), HasSubstr("\"error\":\"\""));

  EXPECT_EQ(SendAlgorithm(kScript, "operator").error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(Loopback, EvidenceIsRefusedWithAReason) {
  StartServer();
  StartAgent(AgentSettings());
  ASSERT_THAT(lines_.WaitFor("run_response"), HasSubstr("\"error\":\"\""));
  grpc::ClientContext context;
  const auto stub = User();
  const auto reader = stub->Attestation(&context, agent::AttestationRequest());
  agent::AttestationResponse response;

  EXPECT_FALSE(reader->Read(&response));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("no TEE"));
}

TEST_F(Loopback, TheAgentConnectsAgainAfterAServerRestart) {
  StartServer();
  StartAgent(AgentSettings());
  ASSERT_THAT(lines_.WaitFor("run_response"), HasSubstr("\"error\":\"\""));
  server_.reset();
  ASSERT_NE(lines_.WaitFor("\"disconnected\""), "");

  StartServer();
  EXPECT_THAT(lines_.WaitFor("\"connected\""), HasSubstr("cvm-1"));
  ASSERT_TRUE(SendAlgorithm(kScript).ok());

  EXPECT_THAT(lines_.WaitFor("ReceivingData"), HasSubstr("InProgress"));
}

TEST_F(Loopback, TheAgentConnectsToAServerThatComesLate) {
  StartServer();
  server_.reset();
  StartAgent(AgentSettings());

  StartServer();

  EXPECT_THAT(lines_.WaitFor("run_response"), HasSubstr("\"error\":\"\""));
}

TEST_F(Loopback, CommandsReachTheAgent) {
  StartServer();
  StartAgent(AgentSettings());
  ASSERT_THAT(lines_.WaitFor("run_response"), HasSubstr("\"error\":\"\""));

  EXPECT_EQ(server_->Command("state").value(), 1u);
  EXPECT_THAT(lines_.WaitFor("agent_state"), HasSubstr("ReceivingAlgorithm"));
  EXPECT_TRUE(server_->Command("stop"));
  EXPECT_THAT(lines_.WaitFor("stop_response"), HasSubstr("\"error\":\"\""));
  EXPECT_TRUE(server_->Command("disconnect"));
  EXPECT_NE(lines_.WaitFor("\"disconnected\""), "");
  EXPECT_NE(lines_.WaitFor("\"connected\""), "");
  EXPECT_FALSE(server_->Command("dance"));
}

TEST_F(Loopback, AnotherCvmThanTheNamedOneGetsNoComputation) {
  options_.cvm_id = "cvm-2";
  StartServer();
  StartAgent(AgentSettings());

  EXPECT_THAT(lines_.WaitFor("not_the_cvm"), HasSubstr("cvm-1"));
  EXPECT_THAT(lines_.WaitFor("\"attestation\""), HasSubstr("cvm-1"));
  EXPECT_EQ(agent_.port(), 0);
}

TEST_F(Loopback, AnAgentWithoutCertificateIsRefused) {
  StartServer();
  Settings settings = AgentSettings();
  settings.client_cert_path.clear();
  settings.client_key_path.clear();

  StartAgent(settings);

  EXPECT_TRUE(logger_.WaitFor("stream to the computation service ended"));
  EXPECT_THAT(lines_.Seen(), Not(Contains(HasSubstr("\"connected\""))));
}

TEST_F(Loopback, ATakenPortIsAnError) {
  StartServer();

  const auto second = testserver::Server::Start(options_, json_);

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message(), HasSubstr(std::to_string(options_.port)));
}

}  // namespace
}  // namespace cocos::testagent
