#include "config/default_class.h"

#include <gmock/gmock.h>

#include "load_from.h"
#include "support/result_matchers.h"

namespace cocos::config {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using testing::FailsWith;
using ::testing::Field;
using ::testing::HasSubstr;
using testing::Succeeds;

constexpr char kFile[] =
    "tee: sev-snp\n"
    "resources:\n"
    "  vcpus: 2\n"
    "  memory: 1G\n"
    "lifecycle:\n"
    "  ttl: 1h\n";

auto Shows(const std::string& name, const std::string& value, const std::string& origin) {
  return Contains(AllOf(Field(&Setting::name, name), Field(&Setting::value, value),
                        Field(&Setting::origin, origin)));
}

TEST(DefaultClass, IsRefinedByAFileOfThatName) {
  const auto config = Load({}, {{"/c/default.yaml", kFile}});

  ASSERT_THAT(config, Succeeds());
  ASSERT_EQ(config->classes.size(), 1u);
  const ClassConfig& standard = config->classes.front();
  EXPECT_EQ(standard.name, "default");
  EXPECT_EQ(standard.origin, "environment over /c/default.yaml");
  EXPECT_EQ(standard.tee, TeeChoice::kSevSnp);
  EXPECT_EQ(standard.vcpus, 2u);
  EXPECT_EQ(standard.memory_mib, 1024u);
  EXPECT_EQ(standard.max_vcpus, 64u);
  EXPECT_EQ(standard.kernel, "/srv/cocos/img/bzImage");
  EXPECT_EQ(standard.ttl_default, std::chrono::hours(1));
}

TEST(DefaultClass, GivesVariablesThatAreSetPrecedence) {
  const auto config = Load({{"MANAGER_QEMU_SMP_COUNT", "8"}, {"MANAGER_QEMU_MEMORY_SIZE", ""}},
                           {{"/c/default.yaml", kFile}});

  ASSERT_THAT(config, Succeeds());
  EXPECT_EQ(config->classes.front().vcpus, 8u);
  EXPECT_EQ(config->classes.front().memory_mib, 1024u);
}

TEST(DefaultClass, SaysWhereEachValueComesFrom) {
  const auto config = Load({{"MANAGER_QEMU_SMP_COUNT", "8"}}, {{"/c/default.yaml", kFile}});

  ASSERT_THAT(config, Succeeds());
  EXPECT_THAT(config->settings,
              Shows("MANAGER_QEMU_SMP_COUNT", "8", "environment over /c/default.yaml:3"));
  EXPECT_THAT(config->settings, Shows("MANAGER_QEMU_MEMORY_SIZE", "1G", "/c/default.yaml:4"));
  EXPECT_THAT(config->settings, Shows("MANAGER_QEMU_SMP_MAXCPUS", "64", "default"));
  EXPECT_THAT(config->settings, Shows("class default: lifecycle.ttl", "1h", "/c/default.yaml:6"));
}

TEST(DefaultClass, PassesWhatItsFileSaysOnToOtherClasses) {
  const auto config =
      Load({}, {{"/c/alpha.yaml", "resources: {vcpus: 1}"}, {"/c/default.yaml", kFile}});

  ASSERT_THAT(config, Succeeds());
  ASSERT_EQ(config->classes.size(), 2u);
  EXPECT_EQ(config->classes[0].name, "default");
  EXPECT_EQ(config->classes[1].name, "alpha");
  EXPECT_EQ(config->classes[1].vcpus, 1u);
  EXPECT_EQ(config->classes[1].memory_mib, 1024u);
  EXPECT_EQ(config->classes[1].tee, TeeChoice::kSevSnp);
}

TEST(DefaultClass, ReportsMistakesOfItsFileAndOfVariablesTogether) {
  EXPECT_THAT(
      Load({{"MANAGER_QEMU_SMP_COUNT", "many"}}, {{"/c/default.yaml", "tee: sgx\n"}}),
      FailsWith(ErrorCode::kInvalidArgument, AllOf(HasSubstr("/c/default.yaml:1:6: tee"),
                                                   HasSubstr("MANAGER_QEMU_SMP_COUNT: \"many\""))));
}

TEST(DefaultClass, MayBootWithoutKernelAndFirmware) {
  const auto config = Load({}, {{"/c/default.yaml", "boot:\n  kernel: ''\n  firmware_code: ''\n"}});

  ASSERT_THAT(config, Succeeds());
  EXPECT_EQ(config->classes.front().kernel, "");
  EXPECT_EQ(config->classes.front().initrd, "");
  EXPECT_EQ(config->classes.front().firmware_vars, "");
  EXPECT_THAT(config->settings,
              Shows("MANAGER_QEMU_DISK_IMG_ROOTFS_FILE", "", "/c/default.yaml:2"));
}

TEST(DefaultClass, KeepsOptionalValuesOfItsFile) {
  const auto config = Load(
      {}, {{"/c/default.yaml",
            "launch_security:\n  snp: {cbitpos: 47}\n  tdx: {quote_generation_socket: /s}\n"}});

  ASSERT_THAT(config, Succeeds());
  EXPECT_EQ(config->classes.front().snp.cbitpos, 47u);
  EXPECT_FALSE(config->classes.front().snp.reduced_phys_bits.has_value());
  EXPECT_EQ(config->classes.front().tdx.quote_generation_socket, "/s");
}

TEST(DefaultClass, SaysWhereTheManagerForwardsFrom) {
  EXPECT_EQ(
      Load({}, {{"/c/default.yaml", "network: {bind: 127.0.0.1}"}})->classes.front().bind_address,
      "127.0.0.1");
  EXPECT_EQ(Load({{"MANAGER_QEMU_HOST_FWD_BIND", "::1"}},
                 {{"/c/default.yaml", "network: {bind: 127.0.0.1}"}})
                ->classes.front()
                .bind_address,
            "::1");
}

}  // namespace
}  // namespace cocos::config
