#include "cvm/request.h"

#include "support/manager_fixture.h"
#include "support/pem_samples.h"
#include "support/result_matchers.h"

namespace cocos::cvm {
namespace {

using namespace std::chrono_literals;
using cocos::testing::FailsWith;
using cocos::testing::MinimalClass;
using cocos::testing::Succeeds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

ComputationClass KernelClass() {
  ComputationClass with_kernel = MinimalClass();
  with_kernel.boot.kernel_path = "/kernel";
  with_kernel.boot.command_line = "quiet console=null";
  return with_kernel;
}

TEST(CheckRequest, AcceptsAnEmptyOne) {
  const auto checked = CheckRequest({}, KernelClass());

  ASSERT_THAT(checked, Succeeds());
  EXPECT_EQ(checked->ttl, std::nullopt);
  EXPECT_EQ(checked->kernel_command_line, "quiet console=null");
}

TEST(CheckRequest, ReadsTheTtlOfTheCli) {
  const auto checked = CheckRequest({.ttl = "1h0m0s"}, KernelClass());

  ASSERT_THAT(checked, Succeeds());
  EXPECT_EQ(checked->ttl, 1h);
}

TEST(CheckRequest, TakesZeroAsNoExpiry) {
  EXPECT_EQ(CheckRequest({.ttl = "0"}, KernelClass())->ttl, std::nullopt);
}

TEST(CheckRequest, RefusesATtlWithUpstreamsTexts) {
  EXPECT_THAT(CheckRequest({.ttl = "5d"}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, R"(time: unknown unit "d" in duration "5d")"));
  EXPECT_THAT(CheckRequest({.ttl = "5"}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, R"(time: missing unit in duration "5")"));
  EXPECT_THAT(CheckRequest({.ttl = "soon"}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, R"(time: invalid duration "soon")"));
}

TEST(CheckRequest, RefusesANegativeTtl) {
  EXPECT_THAT(CheckRequest({.ttl = "-1s"}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("not negative")));
}

TEST(CheckRequest, AppliesTheTtlsOfTheClass) {
  ComputationClass limited = KernelClass();
  limited.ttl_default = 10min;
  limited.ttl_max = 1h;

  EXPECT_EQ(CheckRequest({}, limited)->ttl, 10min);
  EXPECT_EQ(CheckRequest({.ttl = "1h"}, limited)->ttl, 1h);
  EXPECT_THAT(CheckRequest({.ttl = "61m"}, limited),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("at most 1h0m0s")));
  EXPECT_THAT(CheckRequest({.ttl = "0"}, limited), FailsWith(ErrorCode::kInvalidArgument));
}

TEST(CheckRequest, GivesCvmsOfAClassWithAMaximumAnEnd) {
  ComputationClass limited = KernelClass();
  limited.ttl_max = 1h;

  EXPECT_EQ(CheckRequest({}, limited)->ttl, 1h);
}

class GoodServerUrl : public ::testing::TestWithParam<const char*> {};

TEST_P(GoodServerUrl, IsAccepted) {
  EXPECT_THAT(CheckRequest({.agent_cvm_server_url = GetParam()}, KernelClass()), Succeeds());
}

INSTANTIATE_TEST_SUITE_P(All, GoodServerUrl,
                         ::testing::Values("localhost:7001", "192.0.2.1:1", "[fd00::1]:65535",
                                           "dns:///cvms.example:7001"));

class BadServerUrl : public ::testing::TestWithParam<const char*> {};

TEST_P(BadServerUrl, IsRefusedByName) {
  EXPECT_THAT(CheckRequest({.agent_cvm_server_url = GetParam()}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("agent_cvm_server_url")));
}

INSTANTIATE_TEST_SUITE_P(All, BadServerUrl,
                         ::testing::Values("localhost", "localhost:", ":7001", "localhost:0",
                                           "localhost:65536", "localhost:7001x", "http://x:7001",
                                           "a b:7001", "[]:7001", "fd00::1:7001",
                                           "localhost:7001\nAGENT_VMPL=0"));

TEST(CheckRequest, ChecksHttpUrls) {
  EXPECT_THAT(CheckRequest({.agent_cvm_ca_url = "https://ca.example/sign"}, KernelClass()),
              Succeeds());
  EXPECT_THAT(CheckRequest({.agent_cvm_ca_url = "ca.example"}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("agent_cvm_ca_url \"ca.example\"")));
  EXPECT_THAT(CheckRequest({.aws_endpoint_url = "https://"}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("aws_endpoint_url")));
}

TEST(CheckRequest, ChecksTheLogLevel) {
  for (const char* level : {"debug", "INFO", "Warn", "error", "INFO+2", "debug-1"}) {
    EXPECT_THAT(CheckRequest({.agent_log_level = level}, KernelClass()), Succeeds()) << level;
  }
  for (const char* level : {"trace", "info+", "info+x", "2", "info 2"}) {
    EXPECT_THAT(CheckRequest({.agent_log_level = level}, KernelClass()),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("agent_log_level")))
        << level;
  }
}

TEST(CheckRequest, BlamesTheClassForItsOwnCommandLine) {
  ComputationClass long_class = KernelClass();
  long_class.boot.command_line = std::string(2048, 'x');

  EXPECT_THAT(
      CheckRequest({}, long_class),
      FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("its kernel command line is 2048")));
}

TEST(CheckRequest, LetsNoValueInjectAnEnvironmentVariable) {
  for (const char* value : {"a\nAGENT_VMPL=0", "a\rb",
                            "a\x01"
                            "b",
                            "a\\", "\"a", "'a", " a", "a "}) {
    EXPECT_THAT(CheckRequest({.aws_region = value}, KernelClass()),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("aws_region")))
        << value;
  }
}

TEST(CheckRequest, NeverRepeatsASecret) {
  EXPECT_THAT(CheckRequest({.agent_certs_token = "s3cret\\"}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, Not(HasSubstr("s3cret"))));
  EXPECT_THAT(CheckRequest({.aws_secret_access_key = " s3cret"}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, Not(HasSubstr("s3cret"))));
  EXPECT_THAT(
      CheckRequest({.client_key_pem = "s3cret", .client_cert_pem = testing::kCertificatePem},
                   KernelClass()),
      FailsWith(ErrorCode::kInvalidArgument, Not(HasSubstr("s3cret"))));
}

TEST(CheckRequest, BoundsTheSizeOfTexts) {
  EXPECT_THAT(CheckRequest({.aws_region = std::string(4096, 'x')}, KernelClass()), Succeeds());
  EXPECT_THAT(CheckRequest({.aws_region = std::string(4097, 'x')}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("4097 bytes, want at most 4096")));
}

TEST(CheckRequest, AppendsKbsParametersToTheCommandLine) {
  const auto checked = CheckRequest({.aa_kbs_params = "cc_kbc::http://kbs:8080"}, KernelClass());

  ASSERT_THAT(checked, Succeeds());
  EXPECT_EQ(checked->kernel_command_line,
            "quiet console=null agent.aa_kbc_params=cc_kbc::http://kbs:8080");
}

TEST(CheckRequest, LetsKbsParametersAddNoKernelArgument) {
  for (const char* value : {"a init=/bin/sh", "a\tb", "a\"b", "a'b"}) {
    EXPECT_THAT(CheckRequest({.aa_kbs_params = value}, KernelClass()),
                FailsWith(ErrorCode::kInvalidArgument, HasSubstr("aa_kbs_params")))
        << value;
  }
}

TEST(CheckRequest, RefusesKbsParametersThatNothingWouldCarry) {
  EXPECT_THAT(CheckRequest({.aa_kbs_params = "cc_kbc::x"}, MinimalClass()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("without a kernel command line")));
}

TEST(CheckRequest, RefusesACommandLineThatTheKernelWouldCut) {
  const std::size_t room = 2047 - std::string("quiet console=null agent.aa_kbc_params=").size();

  EXPECT_THAT(CheckRequest({.aa_kbs_params = std::string(room, 'x')}, KernelClass()), Succeeds());
  EXPECT_THAT(CheckRequest({.aa_kbs_params = std::string(room + 1, 'x')}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("2048 bytes long")));
}

TEST(CheckRequest, AcceptsAKeyWithItsCertificate) {
  EXPECT_THAT(CheckRequest({.server_ca_pem = testing::kCertificatePem,
                            .client_key_pem = testing::kPrivateKeyPem,
                            .client_cert_pem = testing::kCertificatePem},
                           KernelClass()),
              Succeeds());
}

TEST(CheckRequest, RefusesPemThatIsNone) {
  EXPECT_THAT(CheckRequest({.server_ca_pem = "not PEM"}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("agent_cvm_server_ca_cert")));
}

TEST(CheckRequest, RefusesHalfAKeyPair) {
  EXPECT_THAT(CheckRequest({.client_cert_pem = testing::kCertificatePem}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument,
                        AllOf(HasSubstr("both or neither"), HasSubstr("only the certificate"))));
  EXPECT_THAT(CheckRequest({.client_key_pem = testing::kPrivateKeyPem}, KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("only the key")));
}

TEST(CheckRequest, RefusesAKeyThatBelongsToAnotherCertificate) {
  EXPECT_THAT(CheckRequest({.client_key_pem = testing::kOtherPrivateKeyPem,
                            .client_cert_pem = testing::kCertificatePem},
                           KernelClass()),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("agent_cvm_client_key")));
}

}  // namespace
}  // namespace cocos::cvm
