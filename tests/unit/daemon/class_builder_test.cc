#include "daemon/class_builder.h"

#include <filesystem>
#include <fstream>

#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::daemon {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using cocos::testing::TempDir;
using domain::Tee;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ClassBuilder : public ::testing::Test {
 protected:
  ClassBuilder() {
    config_.template_dirs = {dir_.path(), std::string(COCOS_SOURCE_DIR) + "/domain-templates"};
    config::ClassConfig standard;
    standard.name = "default";
    standard.origin = "environment";
    standard.kernel = "/k";
    standard.initrd = "/i";
    standard.firmware_code = "/code";
    standard.firmware_vars = "/vars";
    standard.firmware_rom = "/rom";
    standard.igvm = "/igvm";
    config_.classes.push_back(standard);
  }

  cvm::ComputationClass Build(const HostAbilities& host) {
    auto classes = BuildClasses(config_, host);
    EXPECT_THAT(classes, Succeeds());
    return classes->front();
  }
  config::ClassConfig& standard() { return config_.classes.front(); }

  static HostAbilities SnpHost() { return {.tee = {.sev_snp = true}}; }
  static HostAbilities TdxHost() { return {.tee = {.tdx = true}}; }

  TempDir dir_;
  config::Config config_;
};

TEST_F(ClassBuilder, ChoosesTheTeeOfTheHost) {
  EXPECT_EQ(Build({}).tee, Tee::kNone);
  EXPECT_EQ(Build(SnpHost()).tee, Tee::kSevSnp);
  EXPECT_EQ(Build(TdxHost()).tee, Tee::kTdx);
}

TEST_F(ClassBuilder, HonoursATeeThatIsSwitchedOff) {
  config_.enable_sev_snp = false;
  EXPECT_EQ(Build(SnpHost()).tee, Tee::kNone);

  config_.enable_tdx = false;
  EXPECT_EQ(Build(TdxHost()).tee, Tee::kNone);
}

TEST_F(ClassBuilder, KeepsAClassWhoseTeeIsMissingAndSaysWhy) {
  standard().tee = config::TeeChoice::kSevSnp;

  const cvm::ComputationClass built = Build({});

  EXPECT_EQ(built.tee, Tee::kSevSnp);
  EXPECT_THAT(built.unavailable, HasSubstr("does not offer sev-snp"));
  EXPECT_THAT(Build(SnpHost()).unavailable, IsEmpty());
}

TEST_F(ClassBuilder, SaysThatATeeNeedsKvm) {
  HostAbilities host = SnpHost();
  host.hypervisor = domain::Hypervisor::kQemu;

  EXPECT_THAT(Build(host).unavailable, HasSubstr("needs KVM"));
}

TEST_F(ClassBuilder, OffersNoOtherGuestThanTheOneAskedFor) {
  config_.enable_disk = true;
  EXPECT_THAT(Build({}).unavailable, HasSubstr("MANAGER_QEMU_ENABLE_DISK"));

  config_.enable_disk = false;
  config_.enable_host_data = true;
  EXPECT_THAT(Build({}).unavailable, IsEmpty());
  EXPECT_THAT(Build(SnpHost()).unavailable, HasSubstr("MANAGER_QEMU_ENABLE_HOST_DATA"));
}

TEST_F(ClassBuilder, GivesEachTeeItsBootFiles) {
  const cvm::BootSpec plain = Build({}).boot;
  EXPECT_EQ(plain.firmware_code_path, "/code");
  EXPECT_EQ(plain.firmware_vars_path, "/vars");
  EXPECT_THAT(plain.firmware_rom_path, IsEmpty());
  EXPECT_THAT(plain.igvm_path, IsEmpty());

  const cvm::BootSpec snp = Build(SnpHost()).boot;
  EXPECT_EQ(snp.igvm_path, "/igvm");
  EXPECT_THAT(snp.firmware_rom_path, IsEmpty());
  EXPECT_THAT(snp.firmware_code_path, IsEmpty());

  const cvm::BootSpec tdx = Build(TdxHost()).boot;
  EXPECT_EQ(tdx.firmware_rom_path, "/rom");
  EXPECT_THAT(tdx.igvm_path, IsEmpty());
}

TEST_F(ClassBuilder, BootsSevSnpFromAStatelessImageWithoutAnIgvmFile) {
  standard().igvm = "";

  const cvm::ComputationClass built = Build(SnpHost());

  EXPECT_EQ(built.boot.firmware_rom_path, "/rom");
  EXPECT_THAT(built.domain_template.origin(), HasSubstr("/sev-snp-ovmf.xml"));
}

TEST_F(ClassBuilder, ChoosesTheTemplateByTeeAndFirmware) {
  EXPECT_THAT(Build({}).domain_template.origin(), HasSubstr("/plain-uefi.xml"));
  EXPECT_THAT(Build(SnpHost()).domain_template.origin(), HasSubstr("/sev-snp-igvm.xml"));
  EXPECT_THAT(Build(TdxHost()).domain_template.origin(), HasSubstr("/tdx.xml"));

  standard().firmware_code = "";
  EXPECT_THAT(Build({}).domain_template.origin(), HasSubstr("/direct-kernel.xml"));
}

TEST_F(ClassBuilder, PrefersAnAdministratorsTemplate) {
  std::filesystem::copy(std::string(COCOS_SOURCE_DIR) + "/domain-templates/plain-uefi.xml",
                        dir_.path());

  EXPECT_EQ(Build({}).domain_template.origin(), dir_.path() + "/plain-uefi.xml");
}

TEST_F(ClassBuilder, NamesClassAndPathsWhenATemplateIsMissing) {
  standard().template_name = "none-such";

  EXPECT_THAT(
      BuildClasses(config_, {}),
      FailsWith(ErrorCode::kFailedPrecondition, AllOf(HasSubstr("class \"default\" (environment)"),
                                                      HasSubstr(dir_.path() + "/none-such.xml"))));
}

TEST_F(ClassBuilder, TakesNoTemplateFromOutsideItsDirectories) {
  standard().template_name = "../secret";

  EXPECT_THAT(BuildClasses(config_, {}), FailsWith(ErrorCode::kInvalidArgument));
}

TEST_F(ClassBuilder, NamesATemplateThatIsBroken) {
  standard().template_name = "broken";
  std::ofstream(dir_.path() + "/broken.xml") << "<domain>";

  EXPECT_THAT(BuildClasses(config_, {}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("/broken.xml")));
}

TEST_F(ClassBuilder, GivesMemorySlotsToGuestsWithoutATeeOnly) {
  EXPECT_TRUE(Build({}).memory_slots.has_value());
  EXPECT_FALSE(Build(SnpHost()).memory_slots.has_value());

  standard().memory_slots = 0;
  EXPECT_FALSE(Build({}).memory_slots.has_value());
}

}  // namespace
}  // namespace cocos::daemon
