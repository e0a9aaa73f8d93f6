#include "cms/client.h"

#include <gmock/gmock.h>
#include <atomic>
#include <filesystem>

#include "cms/messages.h"
#include "support/manager_fixture.h"
#include "support/result_matchers.h"
#include "unit/cms/stalling_proxy.h"
#include "unit/cms/test_service.h"

namespace cocos::cms {
namespace {

using namespace std::chrono_literals;
using ::cocos::testing::Eventually;
using ::cocos::testing::FailsWith;
using ::cocos::testing::LoopbackListener;
using ::cocos::testing::MemoryLogger;
using ::cocos::testing::OpensslCertificates;
using ::cocos::testing::StallingProxy;
using ::cocos::testing::TestService;
using ::testing::HasSubstr;
using ::testing::Not;

class CmsClient : public ::testing::Test {
 protected:
  void Start(Endpoint endpoint) {
    client_.reset();
    client_ = std::make_unique<Client>(
        Client::Options{.endpoint = std::move(endpoint), .backoff = {.first = 20ms, .cap = 200ms}},
        outbox_,
        Client::Handler{[this] { ++connected_; },
                        [this](const manager::ServerStreamMessage& message) {
                          ++messages_;
                          return !message.has_terminatereq();
                        }},
        logger_);
    client_->Start();
  }

  // Waits until the log says why there is no connection.
  std::string WhyNot() {
    EXPECT_TRUE(Eventually([this] { return !client_->status().last_error.empty(); }));
    return client_->status().last_error;
  }

  MemoryLogger logger_;
  Outbox outbox_{{}};
  std::atomic<int> connected_ = 0;
  std::atomic<int> messages_ = 0;
  std::unique_ptr<Client> client_;
};

TEST_F(CmsClient, SendsWhatTheOutboxHolds) {
  TestService service({});
  outbox_.Push(ManagerLog("7", "INFO", "hello"), Weight::kLog);

  Start({.address = service.address()});

  const auto messages = service.WaitForMessages(1);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages.front().agent_log().message(), "hello");
  const Client::Status status = client_->status();
  EXPECT_TRUE(status.connected);
  EXPECT_EQ(status.connections, 1u);
  EXPECT_LT(std::chrono::system_clock::now() - status.since, 1min);
}

TEST_F(CmsClient, HandsOnWhatTheServiceSends) {
  TestService service({});
  Start({.address = service.address()});
  ASSERT_TRUE(service.WaitForStreams(1));
  manager::ServerStreamMessage message;
  message.mutable_svminforeq()->set_id("1");

  ASSERT_TRUE(service.Send(message));

  EXPECT_TRUE(Eventually([this] { return messages_ == 1; }));
}

TEST_F(CmsClient, ComesBackWhenTheServiceDropsTheStream) {
  TestService service({});
  Start({.address = service.address()});
  ASSERT_TRUE(service.WaitForStreams(1));

  service.DropAll();

  EXPECT_TRUE(service.WaitForStreams(2));
}

TEST_F(CmsClient, KeepsTryingUntilAServiceIsThere) {
  int port = 0;
  {
    TestService gone({});
    port = gone.port();
  }
  Start({.address = "localhost:" + std::to_string(port)});
  EXPECT_THAT(WhyNot(), HasSubstr("refused"));
  outbox_.Push(ManagerLog("7", "INFO", "kept"), Weight::kLog);

  TestService service({.port = port});

  const auto messages = service.WaitForMessages(1);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages.front().agent_log().message(), "kept");
}

TEST_F(CmsClient, LogsAnAbsentServiceOnce) {
  int port = 0;
  {
    TestService gone({});
    port = gone.port();
  }
  Start({.address = "localhost:" + std::to_string(port)});
  WhyNot();
  std::this_thread::sleep_for(600ms);  // several attempts

  const std::string log = logger_.text();
  const auto first = log.find("WARN No connection");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(log.find("WARN No connection", first + 1), std::string::npos) << log;
}

TEST_F(CmsClient, ReconnectsOnRequestOfTheService) {
  TestService service({});
  Start({.address = service.address()});
  ASSERT_TRUE(service.WaitForStreams(1));
  manager::ServerStreamMessage message;
  message.mutable_terminatereq()->set_message("bye");

  ASSERT_TRUE(service.Send(message));

  EXPECT_TRUE(service.WaitForStreams(2));
}

TEST_F(CmsClient, SaysThatAServerDoesNotOfferTheMethod) {
  TestService service({.serves_process = false});

  Start({.address = service.address()});

  EXPECT_THAT(WhyNot(), HasSubstr("does not offer manager.ManagerService/Process"));
  EXPECT_EQ(connected_, 0);
}

TEST_F(CmsClient, EndsAtOnceWhileItWaits) {
  Start({.address = "127.0.0.1:1"});
  WhyNot();
  const auto begin = std::chrono::steady_clock::now();

  client_.reset();

  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
}

TEST_F(CmsClient, EndsAtOnceWhileItIsConnected) {
  TestService service({});
  Start({.address = service.address()});
  ASSERT_TRUE(service.WaitForStreams(1));
  const auto begin = std::chrono::steady_clock::now();

  client_.reset();

  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
}

TEST_F(CmsClient, GivesUpAPeerThatTakesConnectionsAndSaysNothing) {
  const LoopbackListener listener;

  Start({.address = listener.address(), .connect_timeout = 300ms});

  EXPECT_THAT(WhyNot(), Not(::testing::IsEmpty()));
}

// What a host that is cut off, or was powered off, looks like: the connection stays, nothing comes.
TEST_F(CmsClient, NoticesThatAConnectionIsDead) {
  TestService service({});
  StallingProxy proxy(service.port());
  Start({.address = proxy.address(),
         .connect_timeout = 300ms,
         .keepalive_interval = 300ms,
         .keepalive_timeout = 200ms});
  ASSERT_TRUE(service.WaitForStreams(1));
  ASSERT_TRUE(Eventually([this] { return client_->status().connected; }));

  proxy.Stall();

  EXPECT_TRUE(Eventually([this] { return !client_->status().connected; }));
}

TEST_F(CmsClient, PingsASensitiveServiceLessOften) {
  TestService service({.min_ping_interval_ms = 300'000});
  Start({.address = service.address(), .keepalive_interval = 50ms, .keepalive_timeout = 1000ms});

  EXPECT_TRUE(service.WaitForStreams(2));
  EXPECT_TRUE(Eventually([this] {
    return logger_.text().find("forbids frequent keepalive pings") != std::string::npos;
  })) << logger_.text();
}

class CmsClientTls : public CmsClient {
 protected:
  std::shared_ptr<grpc::ServerCredentials> Credentials(bool mutual) const {
    grpc::SslServerCredentialsOptions options(
        mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
               : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    options.pem_key_cert_pairs.push_back({OpensslCertificates::Read(certificates_.Key("server")),
                                          OpensslCertificates::Read(certificates_.Cert("server"))});
    if (mutual) options.pem_root_certs = OpensslCertificates::Read(certificates_.Cert("ca"));
    return grpc::SslServerCredentials(options);
  }

  OpensslCertificates certificates_;
};

TEST_F(CmsClientTls, TrustsTheCaItWasGiven) {
  TestService service({.credentials = Credentials(false)});

  Start({.address = service.address(), .server_ca = certificates_.Cert("ca")});

  EXPECT_TRUE(service.WaitForStreams(1));
}

TEST_F(CmsClientTls, ShowsItsCertificate) {
  TestService service({.credentials = Credentials(true)});

  Start({.address = service.address(),
         .client_cert = certificates_.Cert("client"),
         .client_key = certificates_.Key("client"),
         .server_ca = certificates_.Cert("ca")});

  EXPECT_TRUE(service.WaitForStreams(1));
}

TEST_F(CmsClientTls, IsRefusedWithoutOne) {
  TestService service({.credentials = Credentials(true)});

  Start({.address = service.address(), .server_ca = certificates_.Cert("ca")});

  WhyNot();
  EXPECT_EQ(connected_, 0);
}

TEST_F(CmsClientTls, SaysThatAnotherCaSignedTheCertificate) {
  TestService service({.credentials = Credentials(false)});

  Start({.address = service.address(), .server_ca = certificates_.Cert("stranger")});

  EXPECT_THAT(WhyNot(), HasSubstr("is not one of a CA in MANAGER_GRPC_SERVER_CA_CERTS"));
}

TEST_F(CmsClientTls, SaysThatTheCertificateIsForAnotherHost) {
  TestService service({.host = "0.0.0.0", .credentials = Credentials(false)});

  Start({.address = service.address("127.0.0.2"), .server_ca = certificates_.Cert("ca")});

  EXPECT_THAT(WhyNot(), HasSubstr("does not carry the host name of MANAGER_GRPC_URL"));
}

TEST_F(CmsClientTls, UsesACertificateThatWasRotatedOnDisk) {
  const std::string path = certificates_.Cert("ca") + ".rotated";
  std::filesystem::copy(certificates_.Cert("stranger"), path);
  TestService service({.credentials = Credentials(false)});
  Start({.address = service.address(), .server_ca = path});
  WhyNot();

  std::filesystem::copy(certificates_.Cert("ca"), path,
                        std::filesystem::copy_options::overwrite_existing);

  EXPECT_TRUE(service.WaitForStreams(1));
}

TEST_F(CmsClientTls, NamesTheFileThatCannotBeUsed) {
  EXPECT_THAT(Dial({.address = "localhost:1", .server_ca = "/nowhere"}),
              FailsWith(ErrorCode::kNotFound, HasSubstr("MANAGER_GRPC_SERVER_CA_CERTS")));
  EXPECT_THAT(Dial({.address = "localhost:1",
                    .client_cert = certificates_.Cert("client"),
                    .client_key = certificates_.Key("server")}),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("MANAGER_GRPC_CLIENT_KEY")));
}

}  // namespace
}  // namespace cocos::cms
