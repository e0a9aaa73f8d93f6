#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include "support/openssl_certificates.h"
#include "unit/api/api_fixture.h"

namespace cocos::api {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::OpensslCertificates;
using cocos::testing::Succeeds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class GrpcServerTest : public ApiFixture {
 protected:
  ListenerTls Tls() const { return {.cert = certs_.Cert("server"), .key = certs_.Key("server")}; }
  ListenerTls MutualTls() const {
    ListenerTls tls = Tls();
    tls.client_ca = certs_.Cert("ca");
    return tls;
  }
  std::shared_ptr<grpc::ChannelCredentials> Client(const std::string& identity = "") const {
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = OpensslCertificates::Read(certs_.Cert("ca"));
    if (!identity.empty()) {
      ssl.pem_cert_chain = OpensslCertificates::Read(certs_.Cert(identity));
      ssl.pem_private_key = OpensslCertificates::Read(certs_.Key(identity));
    }
    return grpc::SslCredentials(ssl);
  }
  grpc::Status List() {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    operators::v1::ListCvmsResponse list;
    return operator_stub_->ListCvms(&context, {}, &list);
  }
  // Sends one message to a method by its path and returns the bytes of the first answer: for
  // services whose .proto files are gRPC's own.
  std::string Ask(const std::string& method, const std::string& request) {
    grpc::GenericStub stub(channel_);
    grpc::CompletionQueue queue;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    const auto wait = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    const auto call = stub.PrepareCall(&context, method, &queue);
    call->StartCall(nullptr);
    grpc::Slice slice(request);
    const grpc::ByteBuffer sent(&slice, 1);
    if (!wait()) return "";
    call->Write(sent, nullptr);
    if (!wait()) return "";
    grpc::ByteBuffer received;
    call->Read(&received, nullptr);
    std::string text;
    if (wait()) {
      grpc::Slice whole;
      if (received.DumpToSingleSlice(&whole).ok()) {
        text.assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
      }
    }
    context.TryCancel();
    grpc::Status status;
    call->Finish(&status, nullptr);
    wait();
    queue.Shutdown();
    return text;
  }
  void ConnectTo(const std::string& address) {
    channel_ = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
    operator_stub_ = operators::v1::Operator::NewStub(channel_);
  }
  // Opens another server.
  Result<std::unique_ptr<GrpcServer>> Open(ListenerOptions options) {
    return GrpcServer::Start(options, *manager_service_, *operator_service_, logger_);
  }

  OpensslCertificates certs_;
};

TEST_F(GrpcServerTest, ListensInPlainTextAndSaysSo) {
  StartServer();

  EXPECT_TRUE(List().ok());
  EXPECT_THAT(logger_.text(),
              AllOf(HasSubstr("manager service gRPC server listening at 127.0.0.1:"),
                    HasSubstr("without TLS")));
}

TEST_F(GrpcServerTest, ListensWithTls) {
  StartServer(Tls());
  EXPECT_FALSE(List().ok());

  Connect(Client(), "localhost");

  EXPECT_TRUE(List().ok());
}

TEST_F(GrpcServerTest, TakesPemTextsInPlaceOfPaths) {
  StartServer({.cert = OpensslCertificates::Read(certs_.Cert("server")),
               .key = OpensslCertificates::Read(certs_.Key("server"))});

  Connect(Client(), "localhost");

  EXPECT_TRUE(List().ok());
}

TEST_F(GrpcServerTest, WithAClientCaWantsACertificateItSigned) {
  StartServer(MutualTls());

  Connect(Client("client"), "localhost");
  EXPECT_TRUE(List().ok());
  Connect(Client(), "localhost");
  EXPECT_FALSE(List().ok());
  Connect(Client("stranger"), "localhost");
  EXPECT_FALSE(List().ok());
}

TEST_F(GrpcServerTest, NamesTheVariableOfAHalfKeyPair) {
  StartServer();

  EXPECT_THAT(Open({.host = "127.0.0.1", .port = 0, .tls = {.cert = certs_.Cert("server")}}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("MANAGER_GRPC_SERVER_KEY")));
}

TEST_F(GrpcServerTest, RefusesAKeyOfAnotherCertificate) {
  StartServer();

  EXPECT_THAT(Open({.host = "127.0.0.1",
                    .port = 0,
                    .tls = {.cert = certs_.Cert("server"), .key = certs_.Key("client")}}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("MANAGER_GRPC_SERVER_KEY")));
}

TEST_F(GrpcServerTest, NamesThePortThatIsTaken) {
  StartServer();

  EXPECT_THAT(
      Open({.host = "127.0.0.1", .port = server_->port()}),
      FailsWith(ErrorCode::kFailedPrecondition, HasSubstr(std::to_string(server_->port()))));
}

TEST_F(GrpcServerTest, ListensAtAnIpv6Address) {
  StartServer();
  const auto server = Open({.host = "::1", .port = 0});
  if (!server) GTEST_SKIP() << "no IPv6 on this host: " << server.error().message();

  ConnectTo("[::1]:" + std::to_string((*server)->port()));

  EXPECT_TRUE(List().ok());
  EXPECT_THAT(logger_.text(), HasSubstr("listening at [::1]:"));
}

TEST_F(GrpcServerTest, ListensAtLocalhostWithoutAWarning) {
  StartServer();
  const auto server = Open({.host = "localhost", .port = 0});
  ASSERT_THAT(server, Succeeds());

  ConnectTo("localhost:" + std::to_string((*server)->port()));

  EXPECT_TRUE(List().ok());
  EXPECT_THAT(logger_.text(), HasSubstr("listening at localhost:"));
  EXPECT_THAT(logger_.text(), Not(HasSubstr("WARN")));
}

TEST_F(GrpcServerTest, WarnsAboutPlainTextThatOthersCanReach) {
  StartServer();

  const auto open = Open({.host = "0.0.0.0", .port = 0});

  EXPECT_TRUE(open.has_value());
  EXPECT_THAT(logger_.text(), HasSubstr("WARN"));
}

TEST_F(GrpcServerTest, ReportsHealthUnderUpstreamsServiceName) {
  StartServer();

  // HealthCheckRequest{service: "manager"}; HealthCheckResponse{status: SERVING}.
  EXPECT_EQ(Ask("/grpc.health.v1.Health/Check", "\x0a\x07manager"), "\x08\x01");
}

TEST_F(GrpcServerTest, ListsItsServicesByReflection) {
  StartServer();

  // ServerReflectionRequest{list_services: ""}.
  const std::string answer = Ask("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                 std::string("\x3a\x00", 2));

  EXPECT_THAT(answer, HasSubstr("manager.ManagerService"));
  EXPECT_THAT(answer, HasSubstr("cocos.operators.v1.Operator"));
  EXPECT_THAT(answer, HasSubstr("grpc.health.v1.Health"));
}

TEST_F(GrpcServerTest, RefusesNewCallsAfterShutdown) {
  StartServer();
  server_->Shutdown(std::chrono::seconds(1));

  EXPECT_FALSE(List().ok());
}

}  // namespace
}  // namespace cocos::api
