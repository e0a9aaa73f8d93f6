// cvmctl measure: images that the tests make, and the vectors where they are present.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "attestation/launch/cpu_model.h"
#include "attestation/launch/mrtd.h"
#include "attestation/launch/rtmr.h"
#include "attestation/launch/snp_igvm.h"
#include "attestation/launch/snp_launch.h"
#include "crypto/digest.h"
#include "unit/attestation/launch/firmware_builder.h"
#include "unit/attestation/launch/igvm_builder.h"
#include "unit/attestation/launch/vectors.h"
#include "unit/cli/run_cvmctl.h"
#include "unit/cli/temp_files.h"

namespace cocos::cli {
namespace {

namespace launch = attestation::launch;
using ::testing::AllOf;
using testing::FirmwareBuilder;
using ::testing::HasSubstr;
using testing::IgvmBuilder;
using ::testing::IsEmpty;
using ::testing::Not;

nlohmann::json RunJson(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--output", "json"});
  const Outcome outcome = RunForTest(arguments);
  EXPECT_THAT(outcome.err, IsEmpty());
  return nlohmann::json::parse(outcome.out, nullptr, false);
}

// One page and, last, the one VMSA that KVM takes, with the bits that it wants in CR0.
std::vector<std::byte> SnpIgvm() {
  std::vector<std::byte> vmsa(4096);
  vmsa[launch::kVmsaCr0Offset] = std::byte{0x31};
  return IgvmBuilder()
      .Snp()
      .Policy(0x30000, 1)
      .Page(0x1000, 1)
      .Vp(launch::kVmsaGpa, 2)
      .Data(7)
      .Data(vmsa)
      .Build();
}

std::string DigestOfIgvm(const std::vector<std::byte>& bytes,
                         const launch::SnpIgvmOptions& options) {
  const auto file = attestation::igvm::ParseFile(bytes).value();
  return crypto::HexEncode(launch::MeasureSnpIgvm(launch::PlanSnpIgvm(file, options).value()));
}

std::vector<std::byte> SnpFirmwareImage() {
  return FirmwareBuilder(8192)
      .Entry(testing::kSevMetadataGuid, {2048})
      .Entry(testing::kSevResetBlockGuid, {0x80B004})
      .At(2048, testing::SevMetadata({{0x800000, 0x1000, 1}, {0x801000, 0x1000, 2}}))
      .Build();
}

std::vector<std::byte> TdvfImage() {
  constexpr std::uint64_t kBase = (std::uint64_t{1} << 32) - 8192;
  return FirmwareBuilder(8192)
      .Entry(testing::kTdxMetadataGuid, {2048})
      .At(2048, testing::TdxMetadata({{0, 8192, kBase, 8192, 0, 1}, {0, 0, 0x809000, 8192, 2, 0}}))
      .Build();
}

TEST(MeasureIgvmCommand, PrintsWhatTheLoaderMeasures) {
  const TempFiles files;
  const std::vector<std::byte> igvm = SnpIgvm();

  const Outcome outcome = RunForTest({"measure", "igvm", files.Write("guest.igvm", igvm)});

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("measurement   " + DigestOfIgvm(igvm, {})),
                    HasSubstr("mode          loader\n"), HasSubstr("guest_policy  0x30000\n"),
                    HasSubstr("id_block      none\n")));
}

TEST(MeasureIgvmCommand, KeepsTheModesApart) {
  const TempFiles files;
  // A shared page: the tool measures it, a loader does not.
  const std::vector<std::byte> igvm =
      IgvmBuilder().Snp().Page(0x1000, 1).Page(0x2000, 1, 4).Data(7).Build();
  const std::string path = files.Write("guest.igvm", igvm);

  const auto loader = RunJson({"measure", "igvm", path});
  const auto tool = RunJson({"measure", "igvm", path, "--mode", "igvmmeasure"});

  EXPECT_EQ(loader.at("measurement"), DigestOfIgvm(igvm, {}));
  EXPECT_EQ(tool.at("measurement"), DigestOfIgvm(igvm, launch::SnpIgvmOptions::Igvmmeasure()));
  EXPECT_NE(loader.at("measurement"), tool.at("measurement"));
}

TEST(MeasureIgvmCommand, MeasuresPagesWithoutDataAsToldTo) {
  const TempFiles files;
  const std::string path = files.Write("guest.igvm", IgvmBuilder().Snp().Page(0x1000).Build());

  EXPECT_NE(RunJson({"measure", "igvm", path}).at("measurement"),
            RunJson({"measure", "igvm", path, "--native-zero"}).at("measurement"));
}

TEST(MeasureIgvmCommand, RefusesWhatKvmCannotLaunchUnlessToldNotTo) {
  const TempFiles files;
  const std::string path =
      files.Write("guest.igvm", IgvmBuilder().Snp().Vp(0x1000, 1).Page(0x2000, 1).Data(7).Build());

  const Outcome refused = RunForTest({"measure", "igvm", path});

  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.out, IsEmpty());
  EXPECT_THAT(refused.err, HasSubstr("cvmctl: measure igvm: " + path + ": "));
  EXPECT_EQ(RunForTest({"measure", "igvm", path, "--no-check-kvm"}).status, 0);
}

TEST(MeasureIgvmCommand, GivesMrtdForATdxPlatformOnly) {
  const TempFiles files;
  const std::vector<std::byte> igvm = IgvmBuilder().Tdx(1).Page(0x1000, 1).Data(7).Build();
  const auto file = attestation::igvm::ParseFile(igvm).value();
  const std::string path = files.Write("td.igvm", igvm);

  EXPECT_EQ(RunJson({"measure", "igvm", path, "--tdx"}).at("mrtd"),
            crypto::HexEncode(launch::MeasureTdxIgvm(file).value()));
  EXPECT_EQ(RunForTest({"measure", "igvm", path}).status, 1);
}

TEST(MeasureIgvmCommand, NamesAFileThatIsMissingOrWrong) {
  const TempFiles files;
  std::vector<std::byte> igvm = SnpIgvm();
  igvm[0] ^= std::byte{1};
  const std::string path = files.Write("guest.igvm", igvm);

  const Outcome wrong = RunForTest({"measure", "igvm", path});
  const Outcome missing = RunForTest({"measure", "igvm", files.Path("none")});

  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.err, HasSubstr(path + ": IGVM file: magic"));
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.err, HasSubstr(files.Path("none")));
}

TEST(MeasureIgvmCommand, ExplainsItsModes) {
  const Outcome outcome = RunForTest({"measure", "igvm", "--help"});

  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("what a report carries"), HasSubstr("shared pages")));
}

TEST(MeasureIgvmCommand, TakesNoOtherMode) {
  EXPECT_EQ(RunForTest({"measure", "igvm", "x", "--mode", "qemu"}).status, 2);
  EXPECT_EQ(RunForTest({"measure", "igvm"}).status, 2);
  EXPECT_EQ(RunForTest({"measure"}).status, 2);
}

TEST(MeasureIgvmCommand, AgreesWithTheVectors) {
  COCOS_NEED_VECTORS("igvm");
  int measured = 0;
  const nlohmann::json index = testing::ReadIndex("igvm");
  for (const auto& entry : index.at("files")) {
    // Two pages at one address: the tool measures what no firmware takes.
    if (entry.at("file") == "snp-overlap.igvm") continue;
    if (!entry.contains("digest_loader") || entry.at("check_kvm") != "ok") continue;
    const std::string path = (testing::VectorsFolder("igvm") / entry.at("file")).string();
    EXPECT_EQ(RunJson({"measure", "igvm", path, "--no-check-kvm"}).at("measurement"),
              entry.at("digest_loader"))
        << path;
    EXPECT_EQ(RunJson({"measure", "igvm", path, "--mode", "igvmmeasure"}).at("measurement"),
              entry.at("digest"))
        << path;
    ++measured;
  }
  EXPECT_GT(measured, 3);
}

TEST(MeasureIgvmCommand, RefusesTwoPagesAtOneAddressButForTheTool) {
  const TempFiles files;
  const std::string path = files.Write(
      "guest.igvm", IgvmBuilder().Snp().Page(0x1000, 1).Page(0x1000, 1).Data(7).Build());

  EXPECT_EQ(RunForTest({"measure", "igvm", path, "--no-check-kvm"}).status, 1);
  EXPECT_EQ(RunForTest({"measure", "igvm", path, "--mode", "igvmmeasure"}).status, 0);
}

TEST(MeasureIgvmCommand, TellsIdBlocksThatFirmwareRefuses) {
  COCOS_NEED_VECTORS("igvm");
  const auto id_block = [](const std::string& file, int status) {
    const std::string path = (testing::VectorsFolder("igvm") / file).string();
    EXPECT_EQ(RunForTest({"measure", "igvm", path}).status, status) << file;
    return RunJson({"measure", "igvm", path}).at("id_block").get<std::string>();
  };

  EXPECT_EQ(id_block("snp-full.igvm", 0), "none");
  EXPECT_EQ(id_block("snp-idblock.igvm", 0), "verified");
  EXPECT_EQ(id_block("snp-idblock-badsig.igvm", 1), "mismatch");
  EXPECT_EQ(id_block("snp-idblock-mismatch.igvm", 1), "mismatch");
}

class MeasureSnpCommand : public ::testing::Test {
 protected:
  // The digest by the engine, for what the options below say.
  std::string Expected(const launch::SnpLaunchInput& input) const {
    const auto firmware = launch::ParseSnpFirmware(image_).value();
    return crypto::HexEncode(
        launch::MeasureSnp(firmware, launch::DigestFirmware(firmware), input).value());
  }
  std::vector<std::string> Command(std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"measure", "snp", "--firmware", path_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  const TempFiles files_;
  const std::vector<std::byte> image_ = SnpFirmwareImage();
  const std::string path_ = files_.Write("ovmf.fd", image_);
};

TEST_F(MeasureSnpCommand, CountsProcessorsAndTheirModel) {
  launch::SnpLaunchInput input;
  input.vcpus = 3;
  input.cpu_signature = launch::SignatureOf(launch::FindCpuModel("EPYC-Genoa").value());

  EXPECT_EQ(RunJson(Command({"--vcpus", "3", "--cpu", "EPYC-Genoa"})).at("measurement"),
            Expected(input));
  EXPECT_EQ(RunJson(Command({"--vcpus", "3", "--cpu-signature",
                             fmt::format("{:x}", input.cpu_signature)}))
                .at("measurement"),
            Expected(input));
}

TEST_F(MeasureSnpCommand, TakesGuestFeaturesAndTheVmm) {
  launch::SnpLaunchInput features;
  features.guest_features = 0x21;
  features.cpu_signature = 0x800f12;
  launch::SnpLaunchInput ec2;
  ec2.vmm = launch::Vmm::kEc2;

  EXPECT_EQ(
      RunJson(Command({"--vcpus", "1", "--cpu-signature", "0x800f12", "--guest-features", "0x21"}))
          .at("measurement"),
      Expected(features));
  EXPECT_EQ(RunJson(Command({"--vcpus", "1", "--vmm", "ec2"})).at("measurement"), Expected(ec2));
}

TEST_F(MeasureSnpCommand, RefusesKernelHashesThatTheFirmwareWouldNotCheck) {
  const Outcome outcome = RunForTest(
      Command({"--vcpus", "1", "--cpu", "EPYC", "--kernel", files_.Write("kernel", "a kernel")}));

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr(path_));
}

TEST_F(MeasureSnpCommand, RefusesOptionsThatDoNotGoTogether) {
  for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
           {"--vcpus", "1"},
           {"--vcpus", "1", "--cpu", "EPYC", "--cpu-signature", "800f12"},
           {"--vcpus", "1", "--cpu", "EPYC", "--cmdline", "quiet"},
           {"--vcpus", "1", "--cpu", "EPYC", "--vmm", "xen"},
           {"--cpu", "EPYC"}}) {
    const Outcome outcome = RunForTest(Command(options));
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

TEST_F(MeasureSnpCommand, NamesAnOptionWithAWrongValue) {
  for (const char* signature : {"xyz", "1ffffffff", "0x", "-1"}) {
    const Outcome outcome =
        RunForTest(Command({"--vcpus", "1", std::string("--cpu-signature=") + signature}));
    EXPECT_EQ(outcome.status, 1) << signature;
    EXPECT_THAT(outcome.err, HasSubstr("--cpu-signature")) << signature;
  }
  EXPECT_EQ(RunForTest(Command({"--vcpus", "0", "--cpu", "EPYC"})).status, 1);
  EXPECT_EQ(RunForTest(Command({"--vcpus", "1", "--cpu", "Opteron"})).status, 1);
}

TEST_F(MeasureSnpCommand, AgreesWithTheVectors) {
  COCOS_NEED_VECTORS("sev-snp");
  const auto folder = testing::VectorsFolder("sev-snp") / "ovmf";
  const auto image = testing::ReadVector(folder / "OVMF.amdsev.fd.xz");
  if (image.empty()) GTEST_SKIP() << "no xz program";
  const std::string path = files_.Write("amdsev.fd", image);

  const auto result =
      RunJson({"measure", "snp", "--firmware", path, "--vcpus", "2", "--cpu", "EPYC-v4"});

  EXPECT_EQ(result.at("measurement"),
            "a3c946257b3cef8f1e25dd03cb84f9f01313ae9135c32acc7e01f4204aa447aaa196530d5999be0f11446"
            "2d2546cd02d");
  EXPECT_EQ(result.at("kernel_hashes"), "none");
  const auto with_kernel = RunJson({"measure", "snp", "--firmware", path, "--vcpus", "2", "--cpu",
                                    "EPYC-v4", "--kernel", (folder / "kernel.bin").string()});
  EXPECT_EQ(with_kernel.at("kernel_hashes"), "measured");
  EXPECT_NE(with_kernel.at("measurement"), result.at("measurement"));
}

class MeasureTdxCommand : public ::testing::Test {
 protected:
  std::string Expected(launch::PageAddOrder order) const {
    return crypto::HexEncode(launch::MeasureTdvf(launch::ParseTdvf(image_).value(), order).value());
  }

  const TempFiles files_;
  const std::vector<std::byte> image_ = TdvfImage();
  const std::string path_ = files_.Write("tdvf.fd", image_);
};

TEST_F(MeasureTdxCommand, GivesMrtdInBothOrders) {
  EXPECT_EQ(RunJson({"measure", "tdx", "--firmware", path_}).at("mrtd"),
            Expected(launch::PageAddOrder::kSinglePass));
  EXPECT_EQ(RunJson({"measure", "tdx", "--firmware", path_, "--order", "two-pass"}).at("mrtd"),
            Expected(launch::PageAddOrder::kTwoPass));
  EXPECT_NE(Expected(launch::PageAddOrder::kSinglePass), Expected(launch::PageAddOrder::kTwoPass));
}

TEST_F(MeasureTdxCommand, SaysWhyRegistersAreNotComputed) {
  const Outcome outcome = RunForTest({"measure", "tdx", "--firmware", path_});

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("rtmr0  -\n"), HasSubstr("ACPI tables"),
                                 HasSubstr("rtmr1: not computed")));
}

TEST_F(MeasureTdxCommand, ComputesTheRegisterOfTheCommandLineUnderItsCondition) {
  launch::Rtmr2Input input;
  input.command_line = "console=ttyS0";
  input.initrd = launch::Sha384Of(crypto::BytesOf("an initrd"));

  const auto result =
      RunJson({"measure", "tdx", "--firmware", path_, "--kernel", files_.Write("kernel", "no PE"),
               "--initrd", files_.Write("initrd", "an initrd"), "--cmdline", "console=ttyS0"});

  EXPECT_EQ(result.at("rtmr2"), crypto::HexEncode(launch::MeasureRtmr2(input).value()));
  EXPECT_THAT(result.at("notes").at("rtmr2").get<std::string>(), HasSubstr("current OVMF"));
  EXPECT_TRUE(result.at("rtmr1").is_null());
  EXPECT_THAT(result.at("notes").at("rtmr1").get<std::string>(), HasSubstr("not computed: PE"));
}

TEST_F(MeasureTdxCommand, RefusesAnInitrdWithoutAKernelAndOtherFirmware) {
  EXPECT_EQ(RunForTest({"measure", "tdx", "--firmware", path_, "--initrd", path_}).status, 2);
  EXPECT_EQ(RunForTest({"measure", "tdx", "--firmware", path_, "--order", "random"}).status, 2);
  const std::string other = files_.Write("snp.fd", SnpFirmwareImage());
  const Outcome outcome = RunForTest({"measure", "tdx", "--firmware", other});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cvmctl: measure tdx: " + other));
}

TEST_F(MeasureTdxCommand, AgreesWithTheVectors) {
  COCOS_NEED_VECTORS("tdx");
  const nlohmann::json index = testing::ReadIndex("tdx");
  int measured = 0;
  for (const auto& entry : index.at("mrtd")) {
    if (entry.at("format") != "tdvf" || !entry.contains("mrtd_two_pass")) continue;
    const std::string path = (testing::VectorsFolder("tdx") / entry.at("file")).string();
    EXPECT_EQ(RunJson({"measure", "tdx", "--firmware", path}).at("mrtd"), entry.at("mrtd"));
    EXPECT_EQ(RunJson({"measure", "tdx", "--firmware", path, "--order", "two-pass"}).at("mrtd"),
              entry.at("mrtd_two_pass"));
    ++measured;
  }
  EXPECT_GT(measured, 1);
}

}  // namespace
}  // namespace cocos::cli
