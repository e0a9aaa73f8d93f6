#include "domain/spec_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "unit/domain/sample_specs.h"

namespace cocos::domain::testing {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;

auto Refused(const std::string& message) {
  return FailsWith(ErrorCode::kInvalidArgument, HasSubstr(message));
}

TEST(SpecCheck, AcceptsEverySample) {
  for (const Sample& sample : AllSamples()) EXPECT_THAT(CheckSpec(sample.spec), Succeeds());
}

TEST(SpecCheckCpus, WantsAtLeastOneAndAtMostTheMaximum) {
  DomainSpec spec = PlainUefi();
  spec.vcpus = spec.max_vcpus = 8;
  EXPECT_THAT(CheckSpec(spec), Succeeds());
  spec.vcpus = 9;
  EXPECT_THAT(CheckSpec(spec), Refused("vcpus: 9, want at most max_vcpus (8)"));
  spec.vcpus = 0;
  EXPECT_THAT(CheckSpec(spec), Refused("vcpus: 0"));
}

TEST(SpecCheckCpus, RefusesTheHostModelUnderEmulation) {
  DomainSpec spec = PlainUefi();
  spec.hypervisor = Hypervisor::kQemu;
  EXPECT_THAT(CheckSpec(spec), Succeeds());
  spec.cpu_model = "host";
  EXPECT_THAT(CheckSpec(spec), Refused("cpu_model: \"host\" needs KVM"));
}

TEST(SpecCheckMemory, WantsRoomAboveTheMemory) {
  DomainSpec spec = PlainUefi();
  spec.memory_slots = MemorySlots{.slots = 1, .max_memory_mib = spec.memory_mib};
  EXPECT_THAT(CheckSpec(spec), Succeeds());
  spec.memory_slots->max_memory_mib -= 1;
  EXPECT_THAT(CheckSpec(spec), Refused("memory_slots.max_memory_mib: 2047"));
  spec.memory_slots = MemorySlots{.slots = 0, .max_memory_mib = 4096};
  EXPECT_THAT(CheckSpec(spec), Refused("memory_slots.slots: 0"));
  spec.memory_mib = 0;
  EXPECT_THAT(CheckSpec(spec), Refused("memory_mib: 0"));
}

TEST(SpecCheckBoot, RefusesFirmwareBesideAnIgvmFile) {
  DomainSpec spec = SevSnpIgvm();
  spec.firmware = RomFirmware{"/usr/share/ovmf/OVMF.fd"};

  EXPECT_THAT(CheckSpec(spec), Refused("igvm_path: set together with firmware"));
}

TEST(SpecCheckTpm, RefusesAnEmulatorThatNothingMeasuresInto) {
  DomainSpec spec = DirectKernelBoot();
  EXPECT_THAT(CheckSpec(spec), Succeeds());
  spec.tpm = Tpm::kEmulator;
  EXPECT_THAT(CheckSpec(spec), Refused("without UEFI firmware nothing measures the boot"));
}

TEST(SpecCheckTpm, RefusesAnEmulatorOfTheHostBesideATee) {
  DomainSpec spec = SevSnpOvmf();
  spec.tpm = Tpm::kEmulator;
  EXPECT_THAT(CheckSpec(spec), Refused("a sev-snp guest must not trust it"));
  spec = TdxGuest();
  spec.tpm = Tpm::kEmulator;
  EXPECT_THAT(CheckSpec(spec), Refused("a tdx guest must not trust it"));
}

TEST(SpecCheckBoot, RefusesARelativeKernelPath) {
  DomainSpec spec = DirectKernelBoot();
  spec.kernel->kernel_path = "img/bzImage";

  EXPECT_THAT(CheckSpec(spec),
              Refused("kernel.kernel_path \"img/bzImage\": want an absolute path"));
}

TEST(SpecCheckNetwork, WantsPorts) {
  DomainSpec spec = PlainUefi();
  spec.network.host_port = 0;
  EXPECT_THAT(CheckSpec(spec), Refused("network.host_port: 0"));
  spec = PlainUefi();
  spec.network.guest_port = 0;
  EXPECT_THAT(CheckSpec(spec), Refused("network.guest_port: 0"));
}

TEST(SpecCheckNetwork, WantsASlotThatIsFreeOnQ35) {
  DomainSpec spec = PlainUefi();
  for (const unsigned good : {1u, 30u}) {
    spec.network.pci_slot = good;
    EXPECT_THAT(CheckSpec(spec), Succeeds()) << good;
  }
  for (const unsigned bad : {0u, 31u, 32u}) {
    spec.network.pci_slot = bad;
    EXPECT_THAT(CheckSpec(spec), Refused("network.pci_slot")) << bad;
  }
}

TEST(SpecCheckNetwork, RefusesIommuOnALegacyDevice) {
  DomainSpec spec = PlainUefi();
  spec.network.disable_legacy = false;

  EXPECT_THAT(CheckSpec(spec), Refused("network.iommu_platform"));
}

TEST(SpecCheckNetwork, WantsAnAddressInNumbers) {
  DomainSpec spec = PlainUefi();
  spec.network.bind_address = "localhost";

  EXPECT_THAT(CheckSpec(spec), Refused("network.bind_address \"localhost\""));
}

TEST(SpecCheckTee, NeverRunsUnderEmulation) {
  for (DomainSpec spec : {SevSnpIgvm(), SevSnpOvmf(), TdxGuest()}) {
    spec.hypervisor = Hypervisor::kQemu;
    spec.cpu_model = "max";

    EXPECT_THAT(CheckSpec(spec), Refused("hypervisor: software emulation"));
  }
}

TEST(SpecCheckTee, MustBeTheOneInTheMetadata) {
  DomainSpec spec = TdxGuest();
  spec.metadata.tee = Tee::kSevSnp;

  EXPECT_THAT(CheckSpec(spec),
              Refused("metadata.tee: sev-snp, but the launch parameters are for tdx"));
}

// Firmware in flash instead of ROM fails at launch with an errno and no explanation.
TEST(SpecCheckTee, WantsStatelessFirmware) {
  DomainSpec snp = SevSnpOvmf();
  snp.firmware = PflashFirmware{"/a/code", "/a/vars", "/a/nvram"};
  EXPECT_THAT(CheckSpec(snp), Refused("firmware: SEV-SNP wants"));
  DomainSpec tdx = TdxGuest();
  tdx.firmware = std::monostate();
  EXPECT_THAT(CheckSpec(tdx), Refused("firmware: TDX wants"));
}

TEST(SpecCheckSevSnp, HashesAKernelOnlyWithFirmwareForIt) {
  DomainSpec spec = SevSnpOvmf();
  spec.kernel.reset();
  EXPECT_THAT(CheckSpec(spec), Refused("launch_security.kernel_hashes"));
  DomainSpec igvm = SevSnpIgvm();
  std::get<SevSnp>(igvm.launch_security).kernel_hashes = true;
  EXPECT_THAT(CheckSpec(igvm), Refused("launch_security.kernel_hashes"));
}

TEST(SpecCheckSevSnp, WantsBinaryValuesOfTheRightSize) {
  DomainSpec spec = SevSnpOvmf();
  std::get<SevSnp>(spec.launch_security).host_data_base64.erase(0, 4);
  EXPECT_THAT(CheckSpec(spec), Refused("launch_security.host_data: 40 characters, want standard "
                                       "base64 of exactly 32 bytes (44 characters)"));
  spec = SevSnpOvmf();
  std::get<SevSnp>(spec.launch_security).id_auth_base64.append("AAAA");
  EXPECT_THAT(CheckSpec(spec), Refused("launch_security.id_auth"));
}

TEST(SpecCheckTdx, WantsDigestsOfTheRightSize) {
  DomainSpec spec = TdxGuest();
  std::get<Tdx>(spec.launch_security).mr_owner_base64 = "AAAA";

  EXPECT_THAT(CheckSpec(spec), Refused("launch_security.mr_owner:"));
}

TEST(SpecCheckMetadata, WantsAGuestsContextId) {
  CvmMetadata metadata = PlainUefi().metadata;
  for (const std::uint32_t good : {3u, 0xfffffffeu}) {
    metadata.vsock_cid = good;
    EXPECT_THAT(CheckMetadataValues(metadata), Succeeds()) << good;
  }
  for (const std::uint32_t bad : {0u, 2u, 0xffffffffu}) {
    metadata.vsock_cid = bad;
    EXPECT_THAT(CheckMetadataValues(metadata), Refused("metadata.vsock_cid")) << bad;
  }
}

TEST(SpecCheckMetadata, WantsAUuid) {
  CvmMetadata metadata = PlainUefi().metadata;
  metadata.id = "4F3D6C5E-6b1f-4c0a-9d55-0a1b2c3d4e5f";

  EXPECT_THAT(CheckMetadataValues(metadata), Refused("metadata.id"));
}

TEST(SpecCheckMetadata, WantsReferenceValuesInHex) {
  CvmMetadata metadata = PlainUefi().metadata;
  metadata.reference_values["host-data"] = "AB";

  EXPECT_THAT(CheckMetadataValues(metadata), Refused("metadata.reference_values[host-data]"));
}

}  // namespace
}  // namespace cocos::domain::testing
