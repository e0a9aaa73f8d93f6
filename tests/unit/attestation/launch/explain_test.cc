#include "attestation/launch/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/launch/cpu_model.h"
#include "attestation/launch/snp_igvm.h"
#include "crypto/digest.h"
#include "unit/attestation/launch/firmware_builder.h"
#include "unit/attestation/launch/igvm_builder.h"

namespace cocos::attestation::launch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<testing::SevSection> kSections = {{0x80e000, 0x1000, 3},
                                                    {0x810000, 0x1000, 0x10}};

// A parsed image and its bytes.
struct Image {
  explicit Image(std::byte fill, const std::vector<testing::SevSection>& sections = kSections)
      : bytes(testing::FirmwareBuilder()
                  .Fill(0, 512, fill)
                  .Entry(testing::kSevMetadataGuid, {1024})
                  .Entry(testing::kSevHashTableGuid, {0x810c00, 0x400})
                  .Entry(testing::kSevResetBlockGuid, {0x80b004})
                  .At(1024, testing::SevMetadata(sections))
                  .Build()),
        firmware(ParseSnpFirmware(bytes).value()) {}
  Image(const Image&) = delete;
  OfferedFile Offered(const std::string& name) const {
    return {.name = name, .snp_firmware = &firmware, .seed = DigestFirmware(firmware)};
  }
  NamedFirmware Named(const std::string& name) const { return Offered(name).AsSnpFirmware(); }

  std::vector<std::byte> bytes;
  SnpFirmware firmware;
};

class Explain : public ::testing::Test {
 protected:
  Explain() {
    described_.firmware = image_.Named("OVMF.fd");
    described_.vcpus = 4;
    described_.cpu_signature = SignatureOf(FindCpuModel("EPYC-Milan").value());
    described_.kernel = DescribedKernel{.command_line = "quiet"};
    described_.kernel->kernel.fill(std::byte{1});
    described_.hashes_kernel = true;
  }
  Digest384 Digest(const SnpLaunchDescription& launch) {
    SnpLaunchInput input{.vcpus = launch.vcpus,
                         .cpu_signature = launch.cpu_signature,
                         .guest_features = launch.guest_features,
                         .vmm = launch.vmm};
    if (launch.hashes_kernel) {
      input.kernel_hashes =
          KernelHashes{.command_line = HashCommandLine(launch.kernel->command_line),
                       .initrd = launch.kernel->initrd,
                       .kernel = launch.kernel->kernel};
    }
    return MeasureSnp(*launch.firmware.firmware, launch.firmware.seed, input).value();
  }
  std::optional<Differences> Find(const SnpLaunchDescription& real) {
    const std::vector<OfferedFile> others = {other_.Offered("OVMF-2024.fd")};
    return ExplainSnpLaunch(described_, others, Digest(real));
  }

  Image image_{std::byte{0xf4}};
  Image other_{std::byte{0x90}};
  SnpLaunchDescription described_;
};

TEST_F(Explain, FindsNoDifferenceInTheLaunchDescribed) {
  EXPECT_THAT(Find(described_).value(), IsEmpty());
}

TEST_F(Explain, NamesTheNumberOfProcessors) {
  for (const std::uint32_t vcpus : {1u, 3u, 512u}) {
    SnpLaunchDescription real = described_;
    real.vcpus = vcpus;
    EXPECT_THAT(Find(real).value(), ElementsAre(fmt::format("{} vCPUs instead of 4", vcpus)));
  }
}

TEST_F(Explain, NamesTheModelOfProcessor) {
  SnpLaunchDescription real = described_;
  real.cpu_signature = SignatureOf(FindCpuModel("EPYC-Genoa").value());

  EXPECT_THAT(Find(real).value(), ElementsAre(HasSubstr("CPU model EPYC-Genoa")));
}

TEST_F(Explain, NamesGuestFeatures) {
  SnpLaunchDescription real = described_;
  real.guest_features = 0x21;

  EXPECT_THAT(Find(real).value(), ElementsAre("guest features 0x21 instead of 0x1"));
}

TEST_F(Explain, NamesAnotherVmm) {
  SnpLaunchDescription real = described_;
  real.vmm = Vmm::kGce;

  EXPECT_THAT(Find(real).value(), ElementsAre("launched by GCE instead of QEMU"));
}

TEST_F(Explain, NamesWhatBecameOfTheKernel) {
  SnpLaunchDescription real = described_;
  real.hashes_kernel = false;
  EXPECT_THAT(Find(real).value(), ElementsAre("kernel hashes off"));

  real = described_;
  real.kernel->command_line = "\"quiet\"";
  EXPECT_THAT(Find(real).value(), ElementsAre(HasSubstr("command line in \" quotes")));
  real.kernel->command_line = "";
  EXPECT_THAT(Find(real).value(), ElementsAre(HasSubstr("empty command line")));
}

TEST_F(Explain, NamesOtherFirmwareThatIsOffered) {
  SnpLaunchDescription real = described_;
  real.firmware = other_.Named("OVMF-2024.fd");

  EXPECT_THAT(Find(real).value(), ElementsAre("firmware OVMF-2024.fd instead of OVMF.fd"));
}

TEST_F(Explain, NamesUpToThreeDifferencesAtOnce) {
  SnpLaunchDescription real = described_;
  real.vcpus = 8;
  real.guest_features = 0x21;
  real.firmware = other_.Named("OVMF-2024.fd");

  EXPECT_THAT(Find(real).value(),
              ElementsAre("guest features 0x21 instead of 0x1",
                          "firmware OVMF-2024.fd instead of OVMF.fd", "8 vCPUs instead of 4"));
}

TEST_F(Explain, FindsNothingForADigestOfSomethingElse) {
  SnpLaunchDescription real = described_;
  real.kernel->kernel.fill(std::byte{2});

  EXPECT_EQ(Find(real), std::nullopt);
}

TEST_F(Explain, DoesWithoutAKernel) {
  described_.kernel.reset();
  described_.hashes_kernel = false;
  SnpLaunchDescription real = described_;
  real.vcpus = 2;

  EXPECT_THAT(Find(real).value(), ElementsAre("2 vCPUs instead of 4"));
}

TEST_F(Explain, NamesAnIgvmFileThatIsOffered) {
  const std::vector<std::byte> bytes = testing::IgvmBuilder().Snp().Page(0x1000, 1).Data(7).Build();
  const igvm::File igvm = igvm::ParseFile(bytes).value();
  const OfferedFile offered = {.name = "svsm.igvm", .igvm = &igvm};
  const Digest384 observed = MeasureSnpIgvm(PlanSnpIgvm(igvm, {}).value());

  EXPECT_THAT(ExplainSnpLaunch(described_, {&offered, 1}, observed).value(),
              ElementsAre("IGVM file svsm.igvm instead of OVMF.fd"));
  EXPECT_EQ(ExplainSnpLaunch(described_, {}, observed), std::nullopt);
}

TEST_F(Explain, NamesEachGuestFeatureByItself) {
  for (unsigned bit = 0; bit < 16; ++bit) {
    SnpLaunchDescription real = described_;
    real.guest_features ^= std::uint64_t{1} << bit;
    EXPECT_THAT(Find(real).value(), ElementsAre(fmt::format("guest features {:#x} instead of 0x1",
                                                            real.guest_features)));
  }
  SnpLaunchDescription beyond = described_;
  beyond.guest_features |= std::uint64_t{1} << 16;
  EXPECT_EQ(Find(beyond), std::nullopt);
}

TEST_F(Explain, NamesEachModelOfProcessor) {
  for (const CpuModel& model : CpuModels()) {
    SnpLaunchDescription real = described_;
    real.cpu_signature = SignatureOf(model.identity);
    if (real.cpu_signature == described_.cpu_signature) continue;
    EXPECT_THAT(Find(real).value(),
                ElementsAre(HasSubstr(fmt::format("{:#010x}", real.cpu_signature))));
  }
}

TEST_F(Explain, NamesKernelHashesThatAreOnAfterAll) {
  described_.hashes_kernel = false;
  SnpLaunchDescription real = described_;
  real.hashes_kernel = true;

  EXPECT_THAT(Find(real).value(), ElementsAre("kernel hashes on"));
  real.kernel->command_line = "'quiet'";
  EXPECT_THAT(Find(real).value(), ElementsAre("kernel hashes on, command line in ' quotes"));
}

TEST_F(Explain, TellsNothingOfAnEmptyCommandLineThatIsDescribedSo) {
  described_.kernel->command_line = "";
  SnpLaunchDescription real = described_;
  real.vcpus = 5;

  EXPECT_THAT(Find(real).value(), ElementsAre("5 vCPUs instead of 4"));
}

TEST_F(Explain, LooksAsFarAsTheProcessorsDescribed) {
  described_.vcpus = 600;
  SnpLaunchDescription real = described_;
  EXPECT_THAT(Find(real).value(), IsEmpty());
  real.vcpus = 599;
  EXPECT_THAT(Find(real).value(), ElementsAre("599 vCPUs instead of 600"));
  real.vcpus = 601;
  EXPECT_EQ(Find(real), std::nullopt);
}

TEST_F(Explain, StopsAtFiveHundredTwelveProcessors) {
  SnpLaunchDescription real = described_;
  real.vcpus = 513;

  EXPECT_EQ(Find(real), std::nullopt);
}

TEST_F(Explain, LeavesOutFirmwareThatCannotTakeTheHashes) {
  const Image plain(std::byte{0x11}, {{0x80e000, 0x1000, 3}});
  SnpLaunchDescription real = described_;
  real.hashes_kernel = false;
  real.firmware = plain.Named("plain.fd");
  const std::vector<OfferedFile> offered = {plain.Offered("plain.fd")};

  EXPECT_THAT(ExplainSnpLaunch(described_, offered, Digest(real)).value(),
              ElementsAre("kernel hashes off", "firmware plain.fd instead of OVMF.fd"));
}

class FindLaunch : public Explain {
 protected:
  FindLaunch() {
    described_.kernel.reset();
    described_.hashes_kernel = false;
  }
  std::string Text() { return FindSnpLaunch(described_.firmware, Digest(described_)).value_or(""); }
};

TEST_F(FindLaunch, NamesAllThatTheDigestDependsOn) {
  EXPECT_EQ(Text(),
            "4 vCPUs, CPU model EPYC-Milan (0x00a00f11), guest features 0x1, launched by QEMU");
}

TEST_F(FindLaunch, NamesNoModelForVmmsThatPutNoneThere) {
  described_.vmm = Vmm::kEc2;
  EXPECT_EQ(Text(), "4 vCPUs, guest features 0x1, launched by EC2");
  described_.vmm = Vmm::kGce;
  described_.guest_features = 0x21;
  EXPECT_EQ(Text(), "4 vCPUs, guest features 0x21, launched by GCE");
}

TEST_F(FindLaunch, FindsNothingForAProcessorThatIsNotKnown) {
  described_.cpu_signature = 0x00123456;

  EXPECT_EQ(Text(), "");
}

}  // namespace
}  // namespace cocos::attestation::launch
