#include "config/load.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <utility>

#include "config/variables.h"
#include "load_from.h"
#include "support/pem_samples.h"
#include "support/result_matchers.h"

namespace cocos::config {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using testing::Succeeds;

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

TEST(LoadConfig, KnowsUpstreamsNamesThatMeanNothingHere) {
  for (const char* name :
       {"MANAGER_GRPC_SERVER_READ_TIMEOUT", "MANAGER_GRPC_SERVER_WRITE_TIMEOUT",
        "MANAGER_GRPC_SERVER_READ_HEADER_TIMEOUT", "MANAGER_GRPC_SERVER_IDLE_TIMEOUT",
        "MANAGER_GRPC_SERVER_MAX_HEADER_BYTES", "MANAGER_HTTP_SERVER_READ_TIMEOUT",
        "MANAGER_HTTP_SERVER_WRITE_TIMEOUT", "MANAGER_HTTP_SERVER_READ_HEADER_TIMEOUT",
        "MANAGER_HTTP_SERVER_IDLE_TIMEOUT", "MANAGER_HTTP_SERVER_MAX_HEADER_BYTES",
        "MANAGER_GRPC_ATTESTED_TLS", "MANAGER_GRPC_MANIFEST"}) {
    EXPECT_THAT(Load({{name, "1"}})->warnings,
                ElementsAre(StartsWith(std::string(name) + " has no effect: ")));
    EXPECT_THAT(Load({{name, ""}})->warnings, IsEmpty()) << name;
  }
}

TEST(LoadConfig, TakesOnePairOfQuotesOffAWholeValue) {
  const auto config = Load({{"MANAGER_QEMU_HOST_FWD_RANGE", "\"6300-6400\""},
                            {"MANAGER_MAX_VMS", "'3'"},
                            {"MANAGER_EOS_VERSION", "''"},
                            {"MANAGER_QEMU_USE_SUDO", "\"\""}});
  ASSERT_THAT(config, Succeeds());
  EXPECT_EQ(config->first_forward_port, 6300);
  EXPECT_EQ(config->max_vms, 3u);
  EXPECT_EQ(config->eos_version, "");
  EXPECT_THAT(config->warnings, IsEmpty());
}

TEST(LoadConfig, LeavesQuotesThatAreNoPairAroundTheValue) {
  for (const char* text : {"\"a\" b=\"c\"", "a=\"b\"", "\"a", "a'", "\"a'", "'"}) {
    const auto config = Load({{"MANAGER_QEMU_KERNEL_CMDLINE", text}});
    ASSERT_THAT(config, Succeeds());
    EXPECT_EQ(config->classes.front().command_line, text);
  }
}

TEST(LoadConfig, WarnsOnceOfSpellingsThatDiffer) {
  const auto config = Load({{"MANAGER_QEMU_SEV_SNP_CBIT_POS", "51"},
                            {"MANAGER_QEMU_SEV_SNP_CBITPOS", "47"},
                            {"MANAGER_QEMU_SEV_CBITPOS", "47"}});
  ASSERT_THAT(config, Succeeds());
  EXPECT_EQ(config->classes.front().snp.cbitpos, 47u);
  EXPECT_THAT(config->warnings,
              ElementsAre(AllOf(HasSubstr("MANAGER_QEMU_SEV_SNP_CBIT_POS=51"),
                                HasSubstr("MANAGER_QEMU_SEV_SNP_CBITPOS=47 counts"))));
}

TEST(LoadConfig, SaysNothingOfSpellingsThatAgree) {
  EXPECT_THAT(
      Load({{"MANAGER_QEMU_SEV_SNP_CBIT_POS", "51"}, {"MANAGER_QEMU_SEV_CBITPOS", "51"}})->warnings,
      IsEmpty());
}

TEST(LoadConfig, TakesServerCaCertsForClientsOfTheApiWithoutACms) {
  const auto config = Load({{"MANAGER_GRPC_SERVER_CA_CERTS", "/ca"}});
  ASSERT_THAT(config, Succeeds());
  EXPECT_EQ(config->grpc.server_ca_certs, "/ca");
  EXPECT_EQ(config->cms.server_ca_certs, "");
}

TEST(LoadConfig, TakesServerCaCertsForTheCmsWhereThereIsOne) {
  const auto config =
      Load({{"MANAGER_GRPC_SERVER_CA_CERTS", "/ca"}, {"MANAGER_GRPC_URL", "cms:7001"}});
  ASSERT_THAT(config, Succeeds());
  EXPECT_EQ(config->grpc.server_ca_certs, "");
  EXPECT_EQ(config->cms.server_ca_certs, "/ca");
}

TEST(LoadConfig, ChecksValuesThatHaveNoEffectYet) {
  const std::pair<const char*, const char*> kBad[] = {{"MANAGER_CMS_TERMINATE", "stop"},
                                                      {"MANAGER_GRPC_GUEST_ACCESS", "allow"},
                                                      {"COCOS_JAEGER_URL", "localhost:4318"},
                                                      {"COCOS_JAEGER_TRACE_RATIO", "1.5"},
                                                      {"MANAGER_GRPC_URL", "cms.example.com"},
                                                      {"MANAGER_GRPC_TIMEOUT", "-1s"},
                                                      {"MANAGER_GRPC_TIMEOUT", "60"},
                                                      {"MANAGER_ATTESTATION_POLICY_FORMAT", "yaml"},
                                                      {"MANAGER_QEMU_ENABLE_HOST_DATA", "yes"},
                                                      {"MANAGER_QEMU_ENABLE_DISK", "maybe"},
                                                      {"MANAGER_QEMU_DISK_FORMAT", "vmdk"},
                                                      {"MANAGER_QEMU_GPU_BDF", "gpu0"},
                                                      {"MANAGER_QEMU_GPU_FW_CFG_MMIO_MB", "much"}};
  for (const auto& [name, value] : kBad) {
    EXPECT_THAT(Load({{name, value}}),
                FailsWith(ErrorCode::kInvalidArgument,
                          AllOf(StartsWith(std::string(name) + ": "), HasSubstr(value))));
  }
}

TEST(LoadConfig, AcceptsTheNearestGoodValuesThatHaveNoEffectYet) {
  EXPECT_THAT(Load({{"COCOS_JAEGER_URL", "http://localhost:4318"},
                    {"COCOS_JAEGER_TRACE_RATIO", "1"},
                    {"MANAGER_GRPC_URL", "cms.example.com:7001"},
                    {"MANAGER_GRPC_TIMEOUT", "0s"},
                    {"MANAGER_ATTESTATION_POLICY_FORMAT", "corim"},
                    {"MANAGER_QEMU_ENABLE_HOST_DATA", "true"},
                    {"MANAGER_QEMU_ENABLE_DISK", "on"},
                    {"MANAGER_QEMU_DISK_FORMAT", "raw"},
                    {"MANAGER_QEMU_GPU_BDF", "auto"},
                    {"MANAGER_QEMU_GPU_FW_CFG_MMIO_MB", "65536"}}),
              Succeeds());
}

TEST(LoadConfig, WantsTheCmsClientsCertificateAndKeyTogether) {
  EXPECT_THAT(
      Load({{"MANAGER_GRPC_CLIENT_CERT", "/c"}}),
      FailsWith(ErrorCode::kInvalidArgument, HasSubstr("MANAGER_GRPC_CLIENT_KEY: not set")));
  EXPECT_THAT(
      Load({{"MANAGER_GRPC_CLIENT_KEY", "/k"}}),
      FailsWith(ErrorCode::kInvalidArgument, HasSubstr("MANAGER_GRPC_CLIENT_CERT: not set")));
  EXPECT_THAT(Load({{"MANAGER_GRPC_CLIENT_CERT", "/c"}, {"MANAGER_GRPC_CLIENT_KEY", "/k"}}),
              Succeeds());
}

TEST(LoadConfig, RefusesAnInitrdWhoseKernelTheFileDrops) {
  EXPECT_THAT(Load({{"MANAGER_QEMU_DISK_IMG_ROOTFS_FILE", "/i"}},
                   {{"/c/default.yaml", "boot: {kernel: ''}"}}),
              FailsWith(ErrorCode::kInvalidArgument,
                        AllOf(HasSubstr("class \"default\" (environment over /c/default.yaml)"),
                              HasSubstr("initrd \"/i\" without kernel"))));
}

TEST(LoadConfig, WarnsOfAClassThatMayBeDebugged) {
  const std::string snp = "launch_security: {allow_debug: true, snp: {policy: 0xb0000}}";
  EXPECT_THAT(Load({}, {{"/c/test.yaml", snp}})->warnings,
              ElementsAre(HasSubstr("class \"test\" (/c/test.yaml)")));
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
  EXPECT_THAT(Load({}, {{"/c/default.yaml", ""}, {"/d/default.yaml", ""}}),
              FailsWith(ErrorCode::kInvalidArgument,
                        HasSubstr("already defined by environment over /c/default.yaml")));
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

TEST(DescribeConfig, ShowsEveryVariableThatMeansSomethingOnce) {
  const auto config = Load({});
  ASSERT_THAT(config, Succeeds());
  for (const Variable& variable : AllVariables()) {
    const auto shown = std::ranges::count(config->settings, variable.name, &Setting::name);
    EXPECT_EQ(shown, variable.use == Use::kNoMeaning ? 0 : 1) << variable.name;
  }
  EXPECT_THAT(config->settings, Each(Field(&Setting::origin, "default")));
}

TEST(DescribeConfig, ShowsAVariableWithoutMeaningThatIsSet) {
  const auto config = Load({{"MANAGER_QEMU_SEV_ID", "sev1"}});
  ASSERT_THAT(config, Succeeds());
  EXPECT_THAT(config->settings, Contains(AllOf(Field(&Setting::name, "MANAGER_QEMU_SEV_ID"),
                                               Field(&Setting::value, "sev1"),
                                               Field(&Setting::origin, "environment, no effect"))));
}

}  // namespace
}  // namespace cocos::config
