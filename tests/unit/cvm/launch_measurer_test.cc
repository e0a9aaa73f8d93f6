#include "cvm/launch_measurer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/launch/cpu_model.h"
#include "attestation/launch/mrtd.h"
#include "attestation/launch/snp_igvm.h"
#include "attestation/launch/snp_launch.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"
#include "unit/cvm/tee_class.h"

namespace cocos::cvm {
namespace {

namespace launch = attestation::launch;
using cocos::testing::FailsWith;
using cocos::testing::SnpClass;
using cocos::testing::TdxClass;
using cocos::testing::WriteBytes;
using ::testing::HasSubstr;

constexpr std::uint32_t kHostSignature = 0x00a00f11;

class LaunchMeasurerTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, std::span<const std::byte> bytes) {
    return WriteBytes(dir_, name, bytes);
  }
  std::string Digest(const ComputationClass& computation_class,
                     const std::string& command_line = "") {
    const auto values = measurer_.Measure(computation_class, command_line);
    EXPECT_TRUE(values.has_value()) << values.error().message();
    return values && values->size() == 1 ? values->begin()->second : "";
  }
  static std::string Expected(std::span<const std::byte> image,
                              const launch::SnpLaunchInput& input) {
    const launch::SnpFirmware firmware = launch::ParseSnpFirmware(image).value();
    return crypto::HexEncode(
        launch::MeasureSnp(firmware, launch::DigestFirmware(firmware), input).value());
  }

  cocos::testing::TempDir dir_;
  FileDigests digests_;
  LaunchMeasurer measurer_{digests_, kHostSignature};
};

TEST_F(LaunchMeasurerTest, MeasuresNothingWithoutATee) {
  EXPECT_THAT(measurer_.Measure(cocos::testing::MinimalClass(), "")->size(), 0u);
}

TEST_F(LaunchMeasurerTest, MeasuresFirmwareForTheNumberAndModelOfProcessors) {
  const auto image = cocos::testing::SmallOvmf();
  ComputationClass snp = SnpClass(Write("OVMF.fd", image));
  launch::SnpLaunchInput input{.vcpus = 2, .cpu_signature = 0x00800f12};

  EXPECT_EQ(Digest(snp), Expected(image, input));

  snp.vcpus = input.vcpus = 3;
  EXPECT_EQ(Digest(snp), Expected(image, input));
  snp.cpu_model = "host";
  input.cpu_signature = kHostSignature;
  EXPECT_EQ(Digest(snp), Expected(image, input));
}

TEST_F(LaunchMeasurerTest, MeasuresTheKernelWhereTheFirmwareChecksIt) {
  const auto image = cocos::testing::SmallOvmf();
  ComputationClass snp = SnpClass(Write("OVMF.fd", image));
  snp.boot.kernel_path = Write("bzImage", crypto::BytesOf("kernel"));
  snp.boot.initrd_path = Write("initrd", crypto::BytesOf("initrd"));
  launch::SnpLaunchInput input{.vcpus = 2, .cpu_signature = 0x00800f12};
  EXPECT_EQ(Digest(snp, "quiet"), Expected(image, input));

  snp.launch_security = domain::SevSnp{.kernel_hashes = true};
  input.kernel_hashes =
      launch::HashKernel(crypto::BytesOf("kernel"), crypto::BytesOf("initrd"), "quiet");
  EXPECT_EQ(Digest(snp, "quiet"), Expected(image, input));
  EXPECT_NE(Digest(snp, "loud"), Expected(image, input));
}

TEST_F(LaunchMeasurerTest, MeasuresAnIgvmFileAsALoaderDoes) {
  const auto bytes = cocos::testing::SmallIgvm();
  ComputationClass snp = SnpClass("");
  snp.boot.igvm_path = Write("svsm.igvm", bytes);
  const auto file = attestation::igvm::ParseFile(bytes).value();

  EXPECT_EQ(Digest(snp),
            crypto::HexEncode(launch::MeasureSnpIgvm(launch::PlanSnpIgvm(file, {}).value())));
}

TEST_F(LaunchMeasurerTest, MeasuresATdxFirmware) {
  const auto image = cocos::testing::SmallTdvf();
  const auto values = measurer_.Measure(TdxClass(Write("TDVF.fd", image)), "");

  EXPECT_EQ(values->at("tdx-mrtd"),
            crypto::HexEncode(launch::MeasureTdvf(launch::ParseTdvf(image).value()).value()));
}

TEST_F(LaunchMeasurerTest, SeesAFileThatWasReplaced) {
  const auto before = cocos::testing::SmallOvmf();
  const auto after = cocos::testing::SmallOvmf(std::byte{0x90});
  const ComputationClass snp = SnpClass(Write("OVMF.fd", before));
  const launch::SnpLaunchInput input{.vcpus = 2, .cpu_signature = 0x00800f12};
  ASSERT_EQ(Digest(snp), Expected(before, input));

  std::filesystem::rename(Write("new", after), snp.boot.firmware_rom_path);

  EXPECT_EQ(Digest(snp), Expected(after, input));
}

TEST_F(LaunchMeasurerTest, NamesTheFileAndWhatIsWrongWithIt) {
  EXPECT_THAT(measurer_.Measure(SnpClass(dir_.path() + "/missing.fd"), ""),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("missing.fd")));
  EXPECT_THAT(measurer_.Measure(SnpClass(Write("plain.fd", std::vector<std::byte>(4096))), ""),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("plain.fd")));
  ComputationClass igvm = SnpClass("");
  igvm.boot.igvm_path = Write("bad.igvm", crypto::BytesOf("no file of this kind"));
  EXPECT_THAT(measurer_.Measure(igvm, ""),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("bad.igvm")));
}

TEST_F(LaunchMeasurerTest, NamesACpuModelThatHasNoSignature) {
  ComputationClass snp = SnpClass(Write("OVMF.fd", cocos::testing::SmallOvmf()));
  snp.cpu_model = "Skylake-Server";

  EXPECT_THAT(measurer_.Measure(snp, ""),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("Skylake-Server")));
}

}  // namespace
}  // namespace cocos::cvm
