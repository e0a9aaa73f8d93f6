#include "telemetry/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "support/openssl_certificates.h"
#include "support/result_matchers.h"

namespace cocos {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::OpensslCertificates;
using ::testing::AllOf;
using ::testing::HasSubstr;

class LastLine final : public Logger {
 public:
  void Log(LogLevel, std::string_view message, std::initializer_list<LogAttribute>) override {
    text = message;
  }
  std::string text;
};

class HttpServerTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<HttpServer>> Start(const crypto::ListenerTls& tls = {},
                                            const std::string& host = "127.0.0.1",
                                            std::uint16_t port = 0) {
    return HttpServer::Start(
        {.host = host, .port = port, .tls = tls, .threads = 2},
        {"0.1.0", "ffffffff", "1970-01-01_00:00:00", "host-1"},
        {[this] { return missing_; }, [] { return std::string("# TYPE x gauge\nx 1\n"); },
         [this] { return cms_; }},
        logger_);
  }
  // httplib's clients can be neither copied nor moved.
  std::unique_ptr<httplib::Client> Client(const HttpServer& server) {
    return std::make_unique<httplib::Client>("127.0.0.1", server.port());
  }

  std::vector<std::string> missing_;
  std::optional<CmsStatus> cms_;
  LastLine logger_;
};

TEST_F(HttpServerTest, HealthIsByteForByteUpstreams) {
  const auto server = Start().value();

  const auto response = Client(*server)->Get("/health");

  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->get_header_value("Content-Type"), "application/health+json");
  EXPECT_EQ(
      response->body,
      R"({"status":"pass","version":"0.1.0","commit":"ffffffff","description":"manager service",)"
      R"("build_time":"1970-01-01_00:00:00","instance_id":"host-1"})");
}

TEST_F(HttpServerTest, AnswersHeadWithoutBody) {
  const auto server = Start().value();

  const auto response = Client(*server)->Head("/health");

  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->get_header_value("Content-Type"), "application/health+json");
  EXPECT_EQ(response->body, "");
}

TEST_F(HttpServerTest, RefusesOtherMethods) {
  const auto server = Start().value();
  const auto client = Client(*server);

  EXPECT_EQ(client->Post("/health", "{}", "application/json")->status, 405);
  EXPECT_EQ(client->Put("/health", "{}", "application/json")->status, 405);
  EXPECT_EQ(client->Delete("/metrics")->status, 405);
  EXPECT_EQ(client->Options("/ready")->status, 405);
}

TEST_F(HttpServerTest, SaysNotFoundForOtherPaths) {
  const auto server = Start().value();

  EXPECT_EQ(Client(*server)->Get("/healthz")->status, 404);
}

TEST_F(HttpServerTest, IsReadyWhenNothingIsMissing) {
  const auto server = Start().value();

  const auto response = Client(*server)->Get("/ready");

  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, R"({"status":"ready","missing":[]})");
}

TEST_F(HttpServerTest, SaysWhatIsMissing) {
  missing_ = {"libvirt: not \"connected\"", "first reconciliation"};
  const auto server = Start().value();

  const auto response = Client(*server)->Get("/ready");

  EXPECT_EQ(response->status, 503);
  const nlohmann::json json = nlohmann::json::parse(response->body);
  EXPECT_EQ(json["status"], "not ready");
  EXPECT_EQ(json["missing"], nlohmann::json(missing_));
}

TEST_F(HttpServerTest, ShowsAServiceThatIsAwayAndIsReadyAllTheSame) {
  cms_ = CmsStatus{.last_error = "connection refused"};
  const auto server = Start().value();

  const auto response = Client(*server)->Get("/ready");

  EXPECT_EQ(response->status, 200);
  const nlohmann::json json = nlohmann::json::parse(response->body);
  EXPECT_EQ(json["status"], "ready");
  EXPECT_EQ(json["cms"]["connected"], false);
  EXPECT_EQ(json["cms"]["last_error"], "connection refused");
}

TEST_F(HttpServerTest, ServesMetricsInTextFormat) {
  const auto server = Start().value();

  const auto response = Client(*server)->Get("/metrics");

  EXPECT_EQ(response->status, 200);
  EXPECT_THAT(response->get_header_value("Content-Type"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_EQ(response->body, "# TYPE x gauge\nx 1\n");
}

TEST_F(HttpServerTest, LogsWhereItListens) {
  const auto server = Start().value();

  EXPECT_EQ(logger_.text,
            fmt::format("manager service http server listening at 127.0.0.1:{} without TLS",
                        server->port()));
}

TEST_F(HttpServerTest, NamesTheAddressThatIsTaken) {
  const auto first = Start().value();

  EXPECT_THAT(Start({}, "127.0.0.1", first->port()),
              FailsWith(ErrorCode::kFailedPrecondition,
                        AllOf(HasSubstr(fmt::format("127.0.0.1:{}", first->port())),
                              HasSubstr("already in use"))));
}

TEST_F(HttpServerTest, NamesTheHostThatDoesNotResolve) {
  EXPECT_THAT(Start({}, "no-such-host.invalid"),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("no-such-host.invalid")));
}

TEST_F(HttpServerTest, FreesThePortWhenDestroyed) {
  auto server = Start().value();
  const std::uint16_t port = server->port();

  server.reset();

  EXPECT_TRUE(Start({}, "127.0.0.1", port).has_value());
}

TEST_F(HttpServerTest, StopsWhileAClientKeepsASilentConnection) {
  auto server = Start().value();
  const UniqueFd silent(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(silent.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(Client(*server)->Get("/health")->status, 200);
  const auto start = std::chrono::steady_clock::now();

  server.reset();

  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
}

class HttpServerTlsTest : public HttpServerTest {
 protected:
  std::unique_ptr<httplib::SSLClient> TlsClient(const HttpServer& server,
                                                const std::string& identity = "") {
    auto client =
        identity.empty()
            ? std::make_unique<httplib::SSLClient>("localhost", server.port())
            : std::make_unique<httplib::SSLClient>("localhost", server.port(),
                                                   certs_.Cert(identity), certs_.Key(identity));
    client->set_ca_cert_path(certs_.Cert("ca"));
    client->enable_server_certificate_verification(true);
    return client;
  }
  crypto::ListenerTls Tls() { return {.cert = certs_.Cert("server"), .key = certs_.Key("server")}; }
  crypto::ListenerTls MutualTls() {
    crypto::ListenerTls tls = Tls();
    tls.client_ca = certs_.Cert("ca");
    return tls;
  }

  OpensslCertificates certs_;
};

TEST_F(HttpServerTlsTest, ServesTlsFromPaths) {
  const auto server = Start(Tls()).value();

  const auto response = TlsClient(*server)->Get("/health");

  ASSERT_TRUE(response) << httplib::to_string(response.error());
  EXPECT_EQ(response->status, 200);
  EXPECT_THAT(logger_.text, ::testing::EndsWith(" with TLS"));
}

TEST_F(HttpServerTlsTest, ServesTlsFromInlinePem) {
  crypto::ListenerTls tls = Tls();
  tls.cert = OpensslCertificates::Read(tls.cert);
  tls.key = OpensslCertificates::Read(tls.key);
  const auto server = Start(tls).value();

  EXPECT_TRUE(TlsClient(*server)->Get("/health"));
}

TEST_F(HttpServerTlsTest, RefusesPlainText) {
  const auto server = Start(Tls()).value();

  EXPECT_FALSE(Client(*server)->Get("/health"));
}

TEST_F(HttpServerTlsTest, AcceptsAClientCertificateOfTheCa) {
  const auto server = Start(MutualTls()).value();

  EXPECT_TRUE(TlsClient(*server, "client")->Get("/health"));
  EXPECT_THAT(logger_.text, ::testing::EndsWith(" with TLS/mTLS"));
}

TEST_F(HttpServerTlsTest, RefusesAClientWithoutCertificate) {
  const auto server = Start(MutualTls()).value();

  EXPECT_FALSE(TlsClient(*server)->Get("/health"));
}

TEST_F(HttpServerTlsTest, RefusesAClientCertificateOfAStranger) {
  const auto server = Start(MutualTls()).value();

  EXPECT_FALSE(TlsClient(*server, "stranger")->Get("/health"));
}

TEST_F(HttpServerTlsTest, NamesTheVariableThatIsMissing) {
  crypto::ListenerTls tls = Tls();
  tls.key.clear();
  EXPECT_THAT(Start(tls), FailsWith(ErrorCode::kInvalidArgument,
                                    HasSubstr("MANAGER_HTTP_SERVER_KEY: not set")));
  EXPECT_THAT(
      Start({.client_ca = certs_.Cert("ca")}),
      FailsWith(ErrorCode::kInvalidArgument, HasSubstr("MANAGER_HTTP_SERVER_CERT: not set")));
}

TEST_F(HttpServerTlsTest, RefusesAKeyOfAnotherCertificate) {
  crypto::ListenerTls tls = Tls();
  tls.key = certs_.Key("client");

  EXPECT_THAT(Start(tls),
              FailsWith(ErrorCode::kInvalidArgument,
                        HasSubstr("MANAGER_HTTP_SERVER_KEY: the private key does not belong")));
}

TEST_F(HttpServerTlsTest, RefusesAFileThatIsNotPem) {
  crypto::ListenerTls tls = MutualTls();
  tls.client_ca = certs_.Key("client");

  EXPECT_THAT(Start(tls),
              FailsWith(ErrorCode::kInvalidArgument,
                        HasSubstr("MANAGER_HTTP_CLIENT_CA_CERTS: no certificate found")));
}

TEST_F(HttpServerTlsTest, NamesTheVariableOfAFileThatDoesNotExist) {
  crypto::ListenerTls tls = Tls();
  tls.cert = "/nonexistent.crt";

  EXPECT_THAT(Start(tls),
              FailsWith(ErrorCode::kNotFound, AllOf(HasSubstr("MANAGER_HTTP_SERVER_CERT"),
                                                    HasSubstr("/nonexistent.crt"))));
}

}  // namespace
}  // namespace cocos
