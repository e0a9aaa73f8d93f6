#include "crypto/listener_tls.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace cocos::crypto
