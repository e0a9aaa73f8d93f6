#include "crypto/listener_tls.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "support/pem_samples.h"
#include "support/result_matchers.h"

namespace cocos::crypto {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::kCertificatePem;
using testing::kOtherPrivateKeyPem;
using testing::kPrivateKeyPem;

ListenerTls Tls() { return {.cert = kCertificatePem, .key = kPrivateKeyPem}; }

// A file that goes with the object.
class TempFile {
 public:
  TempFile(const std::string& name, std::string_view text)
      : path_(::testing::TempDir() + "cocos-listener-" + std::to_string(::getpid()) + "-" + name) {
    Write(text);
  }
  ~TempFile() { std::remove(path_.c_str()); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  void Write(std::string_view text) const { std::ofstream(path_) << text; }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

std::size_t Certificates(const std::string& pem) {
  std::size_t count = 0;
  for (auto at = pem.find("-----BEGIN CERT"); at != std::string::npos;
       at = pem.find("-----BEGIN CERT", at + 1)) {
    ++count;
  }
  return count;
}

TEST(ListenerTls, IsPlainTextWhenNothingIsSet) {
  EXPECT_EQ(LoadListenerPem({}, "P_").value().cert, "");
  EXPECT_EQ(SecurityText({}), "without TLS");
}

TEST(ListenerTls, AcceptsClientsOfEitherCa) {
  ListenerTls tls = Tls();
  EXPECT_EQ(SecurityText(tls), "with TLS");
  tls.server_ca = kCertificatePem;
  EXPECT_EQ(Certificates(LoadListenerPem(tls, "P_").value().client_cas), 1u);
  tls.client_ca = kCertificatePem;
  // Without its last line end, as inline values come.
  tls.client_ca.pop_back();

  EXPECT_EQ(Certificates(LoadListenerPem(tls, "P_").value().client_cas), 2u);
  EXPECT_EQ(SecurityText(tls), "with TLS/mTLS");
}

TEST(ListenerTls, NamesWhatIsMissing) {
  const auto missing = [](const char* variable) {
    return FailsWith(ErrorCode::kInvalidArgument, HasSubstr(variable));
  };
  EXPECT_THAT(LoadListenerPem({.cert = kCertificatePem}, "P_"), missing("P_SERVER_KEY: not set"));
  EXPECT_THAT(LoadListenerPem({.key = kPrivateKeyPem}, "P_"), missing("P_SERVER_CERT: not set"));
  EXPECT_THAT(LoadListenerPem({.client_ca = kCertificatePem}, "P_"),
              missing("because P_CLIENT_CA_CERTS"));
  EXPECT_THAT(LoadListenerPem({.server_ca = kCertificatePem}, "P_"),
              missing("because P_SERVER_CA_CERTS"));
}

TEST(ListenerTls, NamesWhatIsWrong) {
  const auto wrong = [](const char* text) {
    return FailsWith(ErrorCode::kInvalidArgument, HasSubstr(text));
  };
  ListenerTls tls = Tls();
  tls.key = kOtherPrivateKeyPem;
  EXPECT_THAT(LoadListenerPem(tls, "P_"), wrong("P_SERVER_KEY: the private key does not belong"));
  tls = Tls();
  tls.cert = kPrivateKeyPem;
  EXPECT_THAT(LoadListenerPem(tls, "P_"), wrong("P_SERVER_CERT: no certificate found"));
  tls = Tls();
  tls.server_ca = kPrivateKeyPem;
  EXPECT_THAT(LoadListenerPem(tls, "P_"), wrong("P_SERVER_CA_CERTS: no certificate found"));
  tls = Tls();
  tls.cert = "/nonexistent.pem";
  EXPECT_THAT(LoadListenerPem(tls, "P_"),
              FailsWith(ErrorCode::kNotFound, HasSubstr("P_SERVER_CERT")));
}

TEST(ListenerTls, ReadsFilesWhereItIsGivenPaths) {
  const TempFile cert("cert", kCertificatePem);
  const TempFile key("key", kPrivateKeyPem);

  const auto pem = LoadListenerPem({.cert = cert.path(), .key = key.path()}, "P_");

  ASSERT_TRUE(pem);
  EXPECT_EQ(pem->cert, kCertificatePem);
  EXPECT_EQ(pem->key, kPrivateKeyPem);
  EXPECT_EQ(pem->client_cas, "");
}

TEST(ListenerTls, ReadsEachFileAnew) {
  const TempFile cert("cert", kCertificatePem);
  const TempFile key("key", kOtherPrivateKeyPem);
  const ListenerTls tls{.cert = cert.path(), .key = key.path()};
  EXPECT_THAT(LoadListenerPem(tls, "P_"), FailsWith(ErrorCode::kInvalidArgument));

  key.Write(kPrivateKeyPem);

  EXPECT_TRUE(LoadListenerPem(tls, "P_"));
}

TEST(ListenerTls, TakesPathsAndTextsSideBySide) {
  const TempFile key("key", kPrivateKeyPem);
  EXPECT_TRUE(LoadListenerPem({.cert = kCertificatePem, .key = key.path()}, "P_"));
}

TEST(ListenerTls, NamesTheFileThatIsEmptyOrNoPem) {
  const TempFile empty("empty", "");
  ListenerTls tls = Tls();
  tls.client_ca = empty.path();
  EXPECT_THAT(LoadListenerPem(tls, "P_"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("P_CLIENT_CA_CERTS")));
  tls = Tls();
  tls.key = empty.path();
  EXPECT_THAT(LoadListenerPem(tls, "P_"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("P_SERVER_KEY")));
}

TEST(ListenerTls, NamesTheVariableOfItsOwnListener) {
  EXPECT_THAT(LoadListenerPem({.cert = kCertificatePem}, "MANAGER_HTTP_"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("MANAGER_HTTP_SERVER_KEY")));
}

TEST(ListenerTls, NeverQuotesAKeyInAnError) {
  ListenerTls tls = Tls();
  tls.key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
  const auto pem = LoadListenerPem(tls, "P_");
  ASSERT_FALSE(pem);
  EXPECT_EQ(pem.error().message().find("c2VjcmV0"), std::string::npos);
}

TEST(ListenerTls, WantsEveryCertificateOfABundleWhole) {
  ListenerTls tls = Tls();
  const std::string whole = kCertificatePem;
  tls.client_ca = whole + whole.substr(0, whole.size() / 2);
  EXPECT_THAT(LoadListenerPem(tls, "P_"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("P_CLIENT_CA_CERTS")));
}

}  // namespace
}  // namespace cocos::crypto
