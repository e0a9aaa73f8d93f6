#include "relay/relay_server.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/sync_stream.h>

#include <thread>

#include "proto/agent.grpc.pb.h"  // for gRPC's protobuf serialization, whose header moves
#include "support/openssl_certificates.h"
#include "unit/relay/relay_fixture.h"

namespace cocos::relay {
namespace {

using ::cocos::testing::Eventually;
using ::cocos::testing::FailsWith;
using ::cocos::testing::OpensslCertificates;
using ::cocos::testing::RelayFixture;
using ::cocos::testing::Succeeds;
using ::testing::Contains;
using ::testing::HasSubstr;

using Stream = grpc::ClientReaderWriter<cvms::ClientStreamMessage, cvms::ServerStreamMessage>;

// An agent's end of one stream.
class AgentPeer {
 public:
  AgentPeer(std::uint16_t port, const grpc::SslCredentialsOptions& ssl)
      : channel_(
            grpc::CreateChannel("localhost:" + std::to_string(port), grpc::SslCredentials(ssl))) {
    const grpc::internal::RpcMethod method("/cvms.Service/Process",
                                           grpc::internal::RpcMethod::BIDI_STREAMING);
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    stream_.reset(grpc::internal::ClientReaderWriterFactory<
                  cvms::ClientStreamMessage, cvms::ServerStreamMessage>::Create(channel_.get(),
                                                                                method, &context_));
  }
  Stream& stream() { return *stream_; }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
};

class RelayServerTest : public RelayFixture {
 protected:
  RelayServerTest() {
    Result<std::unique_ptr<RelayServer>> started = RelayServer::Start(
        {.host = "127.0.0.1",
         .certificate_pem = OpensslCertificates::Read(certificates_.Cert("server")),
         .key_pem = OpensslCertificates::Read(certificates_.Key("server")),
         .client_cas_pem = OpensslCertificates::Read(certificates_.Cert("ca"))},
        *relay_,
        [this](const std::string& pem) -> Result<cvm::CvmId> {
          if (knows_certificates && pem.find("BEGIN CERTIFICATE") != std::string::npos) return kId;
          return Fail(ErrorCode::kUntrusted, "no CVM's certificate");
        },
        logger_);
    EXPECT_THAT(started, Succeeds());
    if (started) server_ = *std::move(started);
  }

  grpc::SslCredentialsOptions Tls(const std::string& name) const {
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = OpensslCertificates::Read(certificates_.Cert("ca"));
    if (name.empty()) return ssl;
    ssl.pem_cert_chain = OpensslCertificates::Read(certificates_.Cert(name));
    ssl.pem_private_key = OpensslCertificates::Read(certificates_.Key(name));
    return ssl;
  }

  bool knows_certificates = true;
  OpensslCertificates certificates_;
  std::unique_ptr<RelayServer> server_;
};

cvms::ClientStreamMessage Evidence(const std::string& file) {
  cvms::ClientStreamMessage message;
  message.mutable_vtpmattestationreport()->set_file(file);
  return message;
}

TEST_F(RelayServerTest, BringsTheManifestToAnAgent) {
  Admit(ReleaseMode::kEnforce);
  AgentPeer agent(server_->port(), Tls("client"));
  ASSERT_TRUE(agent.stream().Write(Evidence("good")));

  cvms::ServerStreamMessage message;
  ASSERT_TRUE(agent.stream().Read(&message));
  EXPECT_EQ(message.runreqchunks().data(), "the manifest");
  ASSERT_TRUE(agent.stream().Read(&message));
  EXPECT_TRUE(message.runreqchunks().is_last());
}

TEST_F(RelayServerTest, EndsTheStreamOfARefusedAgent) {
  Admit(ReleaseMode::kEnforce);
  AgentPeer agent(server_->port(), Tls("client"));
  ASSERT_TRUE(agent.stream().Write(Evidence("bad")));

  cvms::ServerStreamMessage message;
  EXPECT_FALSE(agent.stream().Read(&message));
}

TEST_F(RelayServerTest, RepairsTextsThatAreNotUtf8) {
  Admit(ReleaseMode::kOff);
  AgentPeer agent(server_->port(), Tls("client"));
  cvms::ClientStreamMessage message;
  message.mutable_agent_log()->set_message("cut \xc3");

  ASSERT_TRUE(agent.stream().Write(message));

  EXPECT_TRUE(
      Eventually([this] { return ::testing::Value(sink_.Peek(), Contains("log 7 cut ?")); }));
}

TEST_F(RelayServerTest, RefusesAClientWithoutCertificate) {
  Admit(ReleaseMode::kOff);
  AgentPeer agent(server_->port(), Tls(""));

  cvms::ServerStreamMessage message;
  EXPECT_FALSE(agent.stream().Read(&message));
  EXPECT_EQ(agent.stream().Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(RelayServerTest, RefusesACertificateThatIsNoCvms) {
  Admit(ReleaseMode::kOff);
  knows_certificates = false;
  AgentPeer agent(server_->port(), Tls("client"));

  cvms::ServerStreamMessage message;
  EXPECT_FALSE(agent.stream().Read(&message));
  EXPECT_EQ(agent.stream().Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(logger_.text(), HasSubstr("no CVM's certificate"));
}

TEST_F(RelayServerTest, SaysThatItsPortIsTaken) {
  EXPECT_THAT(
      RelayServer::Start(
          {.host = "127.0.0.1",
           .port = server_->port(),
           .certificate_pem = OpensslCertificates::Read(certificates_.Cert("server")),
           .key_pem = OpensslCertificates::Read(certificates_.Key("server")),
           .client_cas_pem = OpensslCertificates::Read(certificates_.Cert("ca"))},
          *relay_, [this](const std::string&) -> Result<cvm::CvmId> { return kId; }, logger_),
      FailsWith(ErrorCode::kUnavailable, HasSubstr("is the port in use?")));
}

TEST_F(RelayServerTest, NoticesThatAnAgentIsGone) {
  Admit(ReleaseMode::kOff);
  {
    AgentPeer agent(server_->port(), Tls("client"));
    ASSERT_TRUE(agent.stream().Write(Evidence("good")));
    ASSERT_TRUE(Eventually([this] { return relay_->streams() == 1; }));
    agent.stream().WritesDone();
  }

  EXPECT_TRUE(Eventually([this] { return relay_->streams() == 0; }));
}

}  // namespace
}  // namespace cocos::relay
