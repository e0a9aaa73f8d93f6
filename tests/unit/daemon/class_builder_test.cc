#include "daemon/class_builder.h"

#include <filesystem>
#include <fstream>
#include <variant>

#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::daemon {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using cocos::testing::TempDir;
using domain::Tee;
using ::testing::AllOf;
using ::testing::ElementsAre;
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
}

TEST_F(ClassBuilder, BindsHostDataWhereAskedFor) {
  EXPECT_FALSE(Build({}).bind_host_data);
  standard().bind_host_data = true;

  EXPECT_TRUE(Build({}).bind_host_data);
}

TEST_F(ClassBuilder, GivesATpmWhereAskedFor) {
  EXPECT_EQ(Build({}).tpm, domain::Tpm::kNone);
  standard().tpm = config::TpmChoice::kEmulator;

  EXPECT_EQ(Build({}).tpm, domain::Tpm::kEmulator);
}

TEST_F(ClassBuilder, PassesTheNetworkDeviceOn) {
  standard().bind_address = "127.0.0.1";
  standard().pci_slot = 9;
  standard().disable_legacy = false;
  standard().iommu_platform = false;
  standard().rom_file = "/rom";

  const domain::Network network = Build({}).network;

  EXPECT_EQ(network.bind_address, "127.0.0.1");
  EXPECT_EQ(network.pci_slot, 9u);
  EXPECT_FALSE(network.disable_legacy);
  EXPECT_FALSE(network.iommu_platform);
  EXPECT_EQ(network.rom_file, "/rom");
}

TEST_F(ClassBuilder, PassesSevSnpParametersOn) {
  standard().snp.policy = 0x130000;
  standard().snp.cbitpos = 47;
  standard().snp.reduced_phys_bits = 5;
  standard().snp.guest_visible_workarounds = "AAAAAAAAAAAAAAAAAAAAAA==";

  const cvm::ComputationClass built = Build(SnpHost());

  const auto* snp = std::get_if<domain::SevSnp>(&built.launch_security);
  ASSERT_NE(snp, nullptr);
  EXPECT_EQ(snp->policy, 0x130000u);
  EXPECT_EQ(snp->cbitpos, 47u);
  EXPECT_EQ(snp->reduced_phys_bits, 5u);
  EXPECT_EQ(snp->guest_visible_workarounds_base64, "AAAAAAAAAAAAAAAAAAAAAA==");
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

TEST(TeeWarnings, AreNoneWhenNothingIsAskedFor) {
  EXPECT_THAT(TeeWarnings({}, {}), IsEmpty());
  EXPECT_THAT(TeeWarnings({.enable_sev_snp = false, .enable_tdx = false}, {}), IsEmpty());
}

TEST(TeeWarnings, AreNoneOnAHostThatHasWhatIsAskedFor) {
  EXPECT_THAT(TeeWarnings({.enable_sev_snp = true}, {.sev_snp = true}), IsEmpty());
  EXPECT_THAT(TeeWarnings({.enable_tdx = true}, {.tdx = true}), IsEmpty());
}

TEST(TeeWarnings, SayThatGuestsArePlainWhereATeeIsAskedFor) {
  EXPECT_THAT(TeeWarnings({.enable_sev_snp = true}, {}),
              ElementsAre(AllOf(HasSubstr("MANAGER_QEMU_ENABLE_SEV_SNP is true"),
                                HasSubstr("does not offer sev-snp"), HasSubstr("plain guests"))));
  EXPECT_THAT(TeeWarnings({.enable_tdx = true}, {}),
              ElementsAre(AllOf(HasSubstr("MANAGER_QEMU_ENABLE_TDX is true"),
                                HasSubstr("does not offer tdx"), HasSubstr("plain guests"))));
}

TEST(TeeWarnings, SayWhichOtherTeeGuestsGet) {
  EXPECT_THAT(TeeWarnings({.enable_sev_snp = true}, {.tdx = true}),
              ElementsAre(AllOf(HasSubstr("does not offer sev-snp"), HasSubstr("tdx guests"))));
}

TEST(TeeWarnings, SayThatTheHostDecidesBetweenTwo) {
  const config::Config both{.enable_sev_snp = true, .enable_tdx = true};
  EXPECT_THAT(TeeWarnings(both, {.tdx = true}),
              ElementsAre(AllOf(HasSubstr("both true"), HasSubstr("tdx guests"))));
  EXPECT_THAT(TeeWarnings(both, {}), ElementsAre(HasSubstr("plain guests")));
}

}  // namespace
}  // namespace cocos::daemon
