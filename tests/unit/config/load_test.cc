#include "config/load.h"

#include <gtest/gtest.h>

#include "support/pem_samples.h"
#include "support/result_matchers.h"

namespace cocos::config {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Succeeds;
using Environment = std::map<std::string, std::string>;

Result<Config> Load(Environment environment, std::vector<ClassFileText> files = {}) {
  return LoadConfig({.environment = std::move(environment),
                     .working_dir = "/srv/cocos",
                     .read_class_files = [files](const std::string&) {
                       return Result<std::vector<ClassFileText>>(files);
                     }});
}

TEST(LoadConfig, HasDefaultsForEverything) {
  const auto config = Load({});
  ASSERT_THAT(config, Succeeds());
  EXPECT_EQ(config->max_vms, 10u);
  EXPECT_EQ(config->grpc.port, 7002);
  EXPECT_EQ(config->first_forward_port, 6100);
  EXPECT_EQ(config->classes.front().memory_mib, 2048u);
  EXPECT_EQ(config->classes.front().emulator, "");
  EXPECT_EQ(config->classes.front().kernel, "/srv/cocos/img/bzImage");
  EXPECT_THAT(config->warnings, IsEmpty());
}

TEST(LoadConfig, TakesAnEmptyVariableForItsDefault) {
  const auto config = Load({{"MANAGER_MAX_VMS", ""}, {"MANAGER_QEMU_ENABLE_SEV_SNP", ""}});
  ASSERT_THAT(config, Succeeds());
  EXPECT_EQ(config->max_vms, 10u);
  EXPECT_FALSE(config->enable_sev_snp.has_value());
}

TEST(LoadConfig, NeverReadsUnprefixedNames) {
  const auto config = Load({{"GRPC_PORT", "1"}, {"LOG_LEVEL", "x"}, {"MEMORY_SIZE", "1"}});
  ASSERT_THAT(config, Succeeds());
  EXPECT_EQ(config->grpc.port, 7002);
  EXPECT_THAT(config->warnings, IsEmpty());
}

TEST(LoadConfig, ReportsAllMistakesAtOnce) {
  EXPECT_THAT(Load({{"MANAGER_GRPC_PORT", "http"},
                    {"MANAGER_QEMU_MEMORY_SIZE", "lots"},
                    {"MANAGER_STOP_TIMEOUT", "-5s"}}),
              FailsWith(ErrorCode::kInvalidArgument,
                        AllOf(HasSubstr("MANAGER_GRPC_PORT: \"http\": want a port"),
                              HasSubstr("MANAGER_QEMU_MEMORY_SIZE: \"lots\": want a memory size"),
                              HasSubstr("MANAGER_STOP_TIMEOUT: \"-5s\": want"))));
}

TEST(LoadConfig, NamesTheSpellingThatIsSetInAMistake) {
  EXPECT_THAT(Load({{"MANAGER_QEMU_SEV_CBITPOS", "x"}}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("MANAGER_QEMU_SEV_CBITPOS: \"x\"")));
}

TEST(LoadConfig, WarnsOfVariablesWithoutEffect) {
  const auto config = Load({{"MANAGER_QEMU_USE_SUDO", "true"}, {"MANAGER_MAX_VM", "3"}});
  ASSERT_THAT(config, Succeeds());
  EXPECT_THAT(config->warnings, Contains(HasSubstr("MANAGER_QEMU_USE_SUDO has no effect")));
  EXPECT_THAT(config->warnings, Contains(HasSubstr("did you mean MANAGER_MAX_VMS?")));
}

TEST(LoadConfig, WarnsOfAPortInsideTheRange) {
  EXPECT_THAT(Load({{"MANAGER_GRPC_PORT", "6200"}})->warnings,
              Contains(HasSubstr("MANAGER_GRPC_PORT=6200 lies inside")));
  EXPECT_THAT(Load({{"MANAGER_GRPC_PORT", "6201"}})->warnings, IsEmpty());
}

TEST(LoadConfig, WantsCertificateAndKeyTogether) {
  EXPECT_THAT(
      Load({{"MANAGER_GRPC_SERVER_CERT", "/c"}}),
      FailsWith(ErrorCode::kInvalidArgument, HasSubstr("MANAGER_GRPC_SERVER_KEY: not set")));
  EXPECT_THAT(Load({{"MANAGER_GRPC_SERVER_CERT", "/c"}, {"MANAGER_GRPC_SERVER_KEY", "/k"}}),
              Succeeds());
}

TEST(LoadConfig, LooksUpABareEmulatorNameInThePath) {
  const auto shell = Load({{"MANAGER_QEMU_BIN_PATH", "sh"}, {"PATH", "/nowhere:/bin"}});
  ASSERT_THAT(shell, Succeeds());
  EXPECT_EQ(shell->classes.front().emulator, "/bin/sh");
  EXPECT_THAT(Load({{"MANAGER_QEMU_BIN_PATH", "sh"}, {"PATH", "/nowhere"}}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("not found in PATH")));
}

TEST(LoadConfig, RefusesAClassDefinedTwice) {
  EXPECT_THAT(
      Load({}, {{"/c/small.yaml", ""}, {"/d/small.yaml", ""}}),
      FailsWith(ErrorCode::kInvalidArgument, HasSubstr("already defined by /c/small.yaml")));
  EXPECT_THAT(Load({}, {{"/c/default.yaml", ""}}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("already defined by environment")));
}

TEST(DescribeConfig, MasksKeysAndShowsCertificates) {
  const auto config = Load({{"MANAGER_GRPC_SERVER_CERT", testing::kCertificatePem},
                            {"MANAGER_GRPC_SERVER_KEY", testing::kPrivateKeyPem}});
  ASSERT_THAT(config, Succeeds());
  const std::string text = DescribeConfig(*config);
  EXPECT_THAT(text, HasSubstr("BEGIN CERTIFICATE"));
  EXPECT_THAT(text, Not(HasSubstr("BEGIN PRIVATE KEY")));
  EXPECT_THAT(text, Not(HasSubstr("MIGHAgEA")));
}

TEST(DescribeConfig, MasksAKeyInABundleWithItsCertificate) {
  const std::string bundle = std::string(testing::kCertificatePem) + testing::kPrivateKeyPem;
  const auto config =
      Load({{"MANAGER_GRPC_SERVER_CERT", bundle}, {"MANAGER_GRPC_SERVER_KEY", "/k"}});
  ASSERT_THAT(config, Succeeds());
  EXPECT_THAT(DescribeConfig(*config), Not(HasSubstr("MIGHAgEA")));
}

TEST(DescribeConfig, ShowsOriginsAndEffectivePaths) {
  const auto config =
      Load({{"MANAGER_QEMU_SEV_CBITPOS", "51"}}, {{"/c/small.yaml", "\nresources: {vcpus: 2}\n"}});
  ASSERT_THAT(config, Succeeds());
  const std::string text = DescribeConfig(*config);
  EXPECT_THAT(text, HasSubstr("# environment (as MANAGER_QEMU_SEV_CBITPOS)"));
  EXPECT_THAT(text, HasSubstr("# /c/small.yaml:2"));
  EXPECT_THAT(text, HasSubstr("MANAGER_QEMU_DISK_IMG_KERNEL_FILE=/srv/cocos/img/bzImage"));
}

}  // namespace
}  // namespace cocos::config
