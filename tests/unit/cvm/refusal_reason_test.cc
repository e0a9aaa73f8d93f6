#include "cvm/refusal_reason.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "crypto/digest.h"
#include "cvm/launch_measurer.h"
#include "support/result_matchers.h"
#include "unit/cvm/tee_class.h"

namespace cocos::cvm {
namespace {

using attestation::launch::Digest384;
using ::cocos::testing::SmallIgvm;
using ::cocos::testing::SmallOvmf;
using ::cocos::testing::SmallTdvf;
using ::cocos::testing::SnpClass;
using ::cocos::testing::TdxClass;
using ::cocos::testing::WriteBytes;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint32_t kHostSignature = 0x00a00f11;

class RefusalReason : public ::testing::Test {
 protected:
  // A CVM of the class, with what is captured at a creation.
  Snapshot Created(const ComputationClass& from, const std::string& command_line = "") {
    Snapshot cvm{.id = CvmId::Random(), .class_name = from.name, .tee = from.tee};
    cvm.vcpus = from.vcpus;
    cvm.kernel_command_line = command_line;
    FileDigests digests;
    cvm.reference_values = CaptureReferenceValues(from.boot, command_line, digests).value();
    auto measured = LaunchMeasurer(digests, kHostSignature).Measure(from, command_line).value();
    cvm.reference_values.merge(measured);
    return cvm;
  }

  // What hardware reports for a launch of the class.
  static Digest384 Measured(const ComputationClass& from, const std::string& command_line = "") {
    FileDigests digests;
    const auto values = LaunchMeasurer(digests, kHostSignature).Measure(from, command_line).value();
    const auto bytes = *crypto::HexDecode(values.begin()->second);
    Digest384 digest{};
    std::ranges::copy(bytes, digest.begin());
    return digest;
  }

  static std::string Explain(const Snapshot& cvm, const ComputationClass& from,
                             const Digest384& observed) {
    return ExplainRefusedLaunch(cvm, from, observed, kHostSignature);
  }

  ComputationClass Snp() {
    ComputationClass snp = SnpClass(WriteBytes(dir_, "OVMF.fd", SmallOvmf()));
    snp.boot.kernel_path = WriteBytes(dir_, "kernel", crypto::BytesOf("a kernel"));
    snp.boot.initrd_path = WriteBytes(dir_, "initrd", crypto::BytesOf("an initrd"));
    std::get<domain::SevSnp>(snp.launch_security).kernel_hashes = true;
    return snp;
  }

  cocos::testing::TempDir dir_;
};

TEST_F(RefusalReason, SaysThatTheHostLaunchedWhatItOffered) {
  const ComputationClass snp = Snp();
  const Snapshot cvm = Created(snp);

  EXPECT_THAT(Explain(cvm, snp, Measured(snp)),
              AllOf(HasSubstr("the class's policy wants something else"),
                    HasSubstr(snp.boot.firmware_rom_path + " sha384 " +
                              cvm.reference_values.at("sha384:firmware")),
                    HasSubstr(snp.boot.kernel_path + " sha384 "), Not(HasSubstr("changed"))));
}

TEST_F(RefusalReason, NamesAnotherNumberOfProcessors) {
  const ComputationClass snp = Snp();
  ComputationClass launched = snp;
  launched.vcpus = 3;

  EXPECT_THAT(Explain(Created(snp), snp, Measured(launched)), HasSubstr("3 vCPUs instead of 2"));
}

TEST_F(RefusalReason, NamesAnotherCpuModel) {
  const ComputationClass snp = Snp();
  ComputationClass launched = snp;
  launched.cpu_model = "EPYC-Milan";

  EXPECT_THAT(Explain(Created(snp), snp, Measured(launched)), HasSubstr("CPU model EPYC-Milan"));
}

TEST_F(RefusalReason, NamesKernelHashesThatAreOff) {
  const ComputationClass snp = Snp();
  ComputationClass launched = snp;
  std::get<domain::SevSnp>(launched.launch_security).kernel_hashes = false;

  EXPECT_THAT(Explain(Created(snp, "quiet"), snp, Measured(launched, "quiet")),
              HasSubstr("kernel hashes off"));
}

TEST_F(RefusalReason, SaysSoWhenNothingNearFits) {
  const ComputationClass snp = Snp();

  EXPECT_THAT(Explain(Created(snp), snp, Digest384{}), HasSubstr("no launch near"));
}

TEST_F(RefusalReason, NamesAFileThatChangedAndThatItExplainsTheMeasurement) {
  const ComputationClass snp = Snp();
  const Snapshot cvm = Created(snp);
  WriteBytes(dir_, "kernel", crypto::BytesOf("another kernel"));
  const std::string present = crypto::HexEncode(crypto::Sha384(crypto::BytesOf("another kernel")));

  EXPECT_THAT(Explain(cvm, snp, Measured(snp)),
              AllOf(HasSubstr("kernel " + snp.boot.kernel_path + " has changed on disk"),
                    HasSubstr("captured sha384 " + cvm.reference_values.at("sha384:kernel")),
                    HasSubstr("is " + present), HasSubstr("as they are now give this"),
                    Not(HasSubstr("initrd"))));
}

TEST_F(RefusalReason, NamesAFileThatIsGone) {
  const ComputationClass snp = Snp();
  const Snapshot cvm = Created(snp);
  std::filesystem::remove(snp.boot.firmware_rom_path);

  EXPECT_THAT(Explain(cvm, snp, Digest384{}),
              AllOf(HasSubstr("firmware cannot be read any more"),
                    HasSubstr("what was launched cannot be found out")));
}

TEST_F(RefusalReason, ExplainsIgvmFiles) {
  ComputationClass snp = SnpClass("");
  snp.boot.firmware_rom_path.clear();
  snp.boot.igvm_path = WriteBytes(dir_, "guest.igvm", SmallIgvm());
  const Snapshot cvm = Created(snp);

  EXPECT_THAT(Explain(cvm, snp, Measured(snp)), HasSubstr("guest.igvm sha384"));
  EXPECT_THAT(Explain(cvm, snp, Digest384{}), HasSubstr("no launch near"));
}

TEST_F(RefusalReason, ExplainsTdxFirmware) {
  const ComputationClass tdx = TdxClass(WriteBytes(dir_, "TDVF.fd", SmallTdvf()));
  const Snapshot cvm = Created(tdx);

  EXPECT_THAT(Explain(cvm, tdx, Measured(tdx)), HasSubstr("TDVF.fd sha384"));
  EXPECT_THAT(Explain(cvm, tdx, Digest384{}), HasSubstr("what differs from the offered launch"));
}

TEST_F(RefusalReason, SaysNothingOfAGuestWithoutATee) {
  const ComputationClass plain = ::cocos::testing::MinimalClass("plain");

  EXPECT_EQ(Explain({.id = CvmId::Random()}, plain, Digest384{}), "");
}

}  // namespace
}  // namespace cocos::cvm
