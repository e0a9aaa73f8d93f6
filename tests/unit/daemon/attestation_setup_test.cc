#include "daemon/attestation_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "crypto/sign.h"
#include "support/manager_fixture.h"
#include "support/pem_samples.h"
#include "support/result_matchers.h"

namespace cocos::daemon {
namespace {

using ::testing::AllOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

class AttestationSetup : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = dir_.path() + "/" + name;
    std::ofstream(path) << content;
    return path;
  }
  static std::string Key(crypto::KeyType type) {
    return crypto::GenerateKeyPair(type).value().private_key;
  }

  testing::TempDir dir_;
  config::Config config_;
};

TEST_F(AttestationSetup, WritesUnsignedJsonUnlessToldOtherwise) {
  config_.attestation_policy_format = "json";

  const auto form = LoadPolicyForm(config_);

  ASSERT_THAT(form, Succeeds());
  EXPECT_EQ(form->format, cvm::PolicyFormat::kJson);
  EXPECT_FALSE(form->corim_key.has_value());
}

TEST_F(AttestationSetup, SignsCorimWithTheConfiguredKey) {
  config_.attestation_policy_format = "corim";
  config_.corim_signing_key_path = Write("key.pem", Key(crypto::KeyType::kEcdsaP256));

  const auto form = LoadPolicyForm(config_);

  ASSERT_THAT(form, Succeeds());
  EXPECT_EQ(form->format, cvm::PolicyFormat::kCorim);
  EXPECT_EQ(form->corim_key->curve(), crypto::Curve::kP256);
  EXPECT_FALSE(form->signer_name.empty());
}

TEST_F(AttestationSetup, NamesAKeyThatCannotSign) {
  const auto refused = [&] {
    return FailsWith(ErrorCode::kInvalidArgument, AllOf(HasSubstr("MANAGER_CORIM_SIGNING_KEY"),
                                                        HasSubstr(config_.corim_signing_key_path)));
  };
  config_.corim_signing_key_path = dir_.path() + "/missing.pem";
  EXPECT_THAT(LoadPolicyForm(config_), refused());
  config_.corim_signing_key_path = Write("text", "no key");
  EXPECT_THAT(LoadPolicyForm(config_), refused());
  config_.corim_signing_key_path = Write("ed25519.pem", Key(crypto::KeyType::kEd25519));
  EXPECT_THAT(LoadPolicyForm(config_), refused());
}

TEST_F(AttestationSetup, ChecksThePcrFileAtTheStart) {
  EXPECT_THAT(LoadCaptureOptions(config_, nullptr, 1), Succeeds());

  config_.pcr_values_path =
      Write("good.json", R"({"pcr_values":{"sha256":{"0":")" + std::string(64, '0') + R"("}}})");
  const auto options = LoadCaptureOptions(config_, nullptr, 0xa00f11);
  ASSERT_THAT(options, Succeeds());
  EXPECT_EQ(options->pcr_values_path, config_.pcr_values_path);
  EXPECT_EQ(options->host_cpu_signature, 0xa00f11u);

  config_.pcr_values_path = Write("bad.json", R"({"pcr_values":{"sha256":{"0":"00"}}})");
  EXPECT_THAT(LoadCaptureOptions(config_, nullptr, 1),
              FailsWith(ErrorCode::kInvalidArgument,
                        AllOf(HasSubstr("MANAGER_PCR_VALUES"), HasSubstr("bad.json"))));
}

}  // namespace
}  // namespace cocos::daemon
