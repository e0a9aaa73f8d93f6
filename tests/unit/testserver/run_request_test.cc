#include "testserver/run_request.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "support/result_matchers.h"

namespace cocos::testserver {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;

// An Ed25519 key pair made for these tests.
constexpr char kPublicPem[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    "-----END PUBLIC KEY-----\n";

class RunRequestFiles : public ::testing::Test {
 protected:
  RunRequestFiles()
      : directory_(std::filesystem::path(::testing::TempDir()) /
                   ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(directory_);
    inputs_.id = "7";
    inputs_.agent_port = "7002";
    inputs_.algorithm_path = Write("algo.sh", "echo hi\n");
    inputs_.public_key_path = Write("key.pem", kPublicPem);
  }
  ~RunRequestFiles() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& name, const std::string& content) {
    const auto path = directory_ / name;
    std::ofstream(path) << content;
    return path;
  }

  std::filesystem::path directory_;
  ComputationInputs inputs_;
};

std::string Sha3(const std::string& text) {
  const auto digest = crypto::Sha3_256(crypto::BytesOf(text));
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

TEST_F(RunRequestFiles, CarryDigestsNamesAndTheKeyInDerForm) {
  inputs_.data_paths = {Write("d1.csv", "1,2\n")};

  const auto request = BuildRunRequest(inputs_);

  ASSERT_THAT(request, Succeeds());
  EXPECT_EQ(request->id(), "7");
  EXPECT_EQ(request->algorithm().hash(), Sha3("echo hi\n"));
  EXPECT_EQ(request->algorithm().userkey().size(), 44u);
  ASSERT_EQ(request->datasets_size(), 1);
  EXPECT_EQ(request->datasets(0).hash(), Sha3("1,2\n"));
  EXPECT_EQ(request->datasets(0).filename(), "d1.csv");
  ASSERT_EQ(request->result_consumers_size(), 1);
  EXPECT_EQ(request->result_consumers(0).userkey(), request->algorithm().userkey());
  EXPECT_EQ(request->agent_config().port(), "7002");
}

TEST_F(RunRequestFiles, SendTheContentOfTheClientCaAndThePathsOfGuestFiles) {
  inputs_.client_ca_path = Write("ca.pem", "the CA");
  inputs_.agent_cert_file = "/etc/certs/cert.pem";

  const auto request = BuildRunRequest(inputs_);

  ASSERT_THAT(request, Succeeds());
  EXPECT_EQ(request->agent_config().client_ca_file(), "the CA");
  EXPECT_EQ(request->agent_config().cert_file(), "/etc/certs/cert.pem");
}

TEST_F(RunRequestFiles, NameTheFileThatIsMissing) {
  inputs_.data_paths = {directory_ / "absent.csv"};

  EXPECT_THAT(BuildRunRequest(inputs_), FailsWith(ErrorCode::kNotFound, HasSubstr("absent.csv")));
}

TEST_F(RunRequestFiles, RefuseAKeyFileThatHoldsNoPublicKey) {
  inputs_.public_key_path = Write("other.pem", "-----BEGIN CERTIFICATE-----\n");

  EXPECT_THAT(BuildRunRequest(inputs_), FailsWith(ErrorCode::kMalformed, HasSubstr("other.pem")));
}

TEST(PublicKeyDer, RefusesAKeyThatCannotSign) {
  constexpr char kX25519[] =
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VuAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
      "-----END PUBLIC KEY-----\n";

  EXPECT_THAT(crypto::PublicKeyDer(kPublicPem), Succeeds());
  EXPECT_THAT(crypto::PublicKeyDer(kX25519),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("X25519")));
}

}  // namespace
}  // namespace cocos::testserver
