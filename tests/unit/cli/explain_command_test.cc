// cvmctl explain-measurement, on images that the tests make.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "attestation/launch/mrtd.h"
#include "attestation/launch/rtmr.h"
#include "attestation/launch/vmsa.h"
#include "crypto/digest.h"
#include "unit/attestation/launch/firmware_builder.h"
#include "unit/attestation/launch/igvm_builder.h"
#include "unit/cli/run_cvmctl.h"
#include "unit/cli/temp_files.h"

namespace cocos::cli {
namespace {

using ::testing::HasSubstr;

std::vector<std::byte> Image(std::byte fill) {
  return testing::FirmwareBuilder(8192)
      .Fill(0, 512, fill)
      .Entry(testing::kSevMetadataGuid, {2048})
      .Entry(testing::kSevResetBlockGuid, {0x80B004})
      .At(2048, testing::SevMetadata({{0x800000, 0x1000, 1}, {0x801000, 0x1000, 2}}))
      .Build();
}

class ExplainMeasurementCommand : public ::testing::Test {
 protected:
  std::string Measure(const std::string& firmware, const std::string& vcpus) {
    const Outcome outcome = RunForTest({"--output", "json", "measure", "snp", "--firmware",
                                        firmware, "--vcpus", vcpus, "--cpu", "EPYC-v4"});
    return nlohmann::json::parse(outcome.out).at("measurement");
  }
  Outcome Explain(const std::string& observed, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {
        "explain-measurement", "--firmware", firmware_, "--vcpus", "2", "--cpu", "EPYC-v4",
        "--observed",          observed};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunForTest(arguments);
  }

  TempFiles files_;
  const std::string firmware_ = files_.Write("OVMF.fd", Image(std::byte{1}));
  const std::string other_ = files_.Write("other.fd", Image(std::byte{2}));
};

TEST_F(ExplainMeasurementCommand, SaysThatTheDescriptionIsRight) {
  const Outcome outcome = Explain(Measure(firmware_, "2"));

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "the launch described gives this digest\n");
}

TEST_F(ExplainMeasurementCommand, NamesWhatIsDifferent) {
  const Outcome outcome = Explain(Measure(other_, "5"), {"--other-firmware", other_});

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("firmware " + other_ + " instead of " + firmware_));
  EXPECT_THAT(outcome.out, HasSubstr("5 vCPUs instead of 2"));
}

TEST_F(ExplainMeasurementCommand, FailsWhenNothingNearGivesTheDigest) {
  const Outcome outcome = Explain(Measure(other_, "2"), {"--output", "json"});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(nlohmann::json::parse(outcome.out),
            (nlohmann::json{{"explained", false}, {"differences", nlohmann::json::array()}}));
}

TEST_F(ExplainMeasurementCommand, NamesABadDigestAndABadFile) {
  EXPECT_THAT(Explain("abc").err, HasSubstr("--observed \"abc\": want 96 hexadecimal digits"));
  const Outcome missing = Explain(std::string(96, '0'), {"--other-firmware", "/nonexistent.fd"});
  EXPECT_NE(missing.status, 0);
  EXPECT_THAT(missing.err, HasSubstr("/nonexistent.fd"));
}

std::string Hex(const attestation::launch::Digest384& digest) { return crypto::HexEncode(digest); }

std::vector<std::byte> TdxImage(std::byte fill) {
  constexpr std::uint64_t kBase = (std::uint64_t{1} << 32) - 8192;
  return testing::FirmwareBuilder(8192)
      .Fill(0, 512, fill)
      .Entry(testing::kTdxMetadataGuid, {2048})
      .At(2048, testing::TdxMetadata({{0, 8192, kBase, 8192, 0, 1}, {0, 0, 0x809000, 8192, 2, 0}}))
      .Build();
}

// For SEV-SNP and TDX; the shared page tells the modes apart, the page without data native-zero.
std::vector<std::byte> Igvm(std::uint8_t fill) {
  std::vector<std::byte> vmsa(4096);
  vmsa[attestation::launch::kVmsaCr0Offset] = std::byte{0x31};
  return testing::IgvmBuilder()
      .Snp()
      .Tdx(2)
      .Page(0x1000, 1, 0, 0, 3)
      .Page(0x2000, 0)
      .Page(0x3000, 1, 4)
      .Vp(attestation::launch::kVmsaGpa, 2)
      .Data(fill)
      .Data(vmsa)
      .Build();
}

class ExplainOtherLaunches : public ::testing::Test {
 protected:
  static Outcome Explain(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "explain-measurement");
    return RunForTest(arguments);
  }
  // What "measure" with these arguments says.
  static std::string Measured(std::vector<std::string> arguments, const std::string& key) {
    arguments.insert(arguments.begin(), {"--output", "json", "measure"});
    return nlohmann::json::parse(RunForTest(arguments).out).at(key);
  }

  TempFiles files_;
  const std::string igvm_ = files_.Write("svsm.igvm", Igvm(1));
  const std::string other_igvm_ = files_.Write("other.igvm", Igvm(2));
  const std::string tdx_ = files_.Write("tdx.fd", TdxImage(std::byte{1}));
  const std::string other_tdx_ = files_.Write("other-tdx.fd", TdxImage(std::byte{2}));
  const std::string snp_ = files_.Write("OVMF.fd", Image(std::byte{1}));
};

TEST_F(ExplainOtherLaunches, SaysThatAnIgvmFileIsRight) {
  const Outcome outcome =
      Explain({"--igvm", igvm_, "--observed", Measured({"igvm", igvm_}, "measurement")});

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "the launch described gives this digest\n");
}

TEST_F(ExplainOtherLaunches, TakesTheReadingOfTheIgvmFileFromTheOptions) {
  const std::string observed =
      Measured({"igvm", igvm_, "--mode", "igvmmeasure", "--native-zero"}, "measurement");

  EXPECT_EQ(
      Explain({"--igvm", igvm_, "--mode", "igvmmeasure", "--native-zero", "--observed", observed})
          .out,
      "the launch described gives this digest\n");
  EXPECT_EQ(Explain({"--igvm", igvm_, "--observed", observed}).out,
            "measured as by igvmmeasure instead of a loader\n"
            "pages without data as ZERO pages instead of normal ones\n");
}

TEST_F(ExplainOtherLaunches, TellsMrtdAndLaunchDigestOfOneFileApart) {
  const std::string mrtd = Measured({"igvm", igvm_, "--tdx"}, "mrtd");

  EXPECT_EQ(Explain({"--igvm", igvm_, "--tdx", "--observed", mrtd}).out,
            "the launch described gives this digest\n");
  EXPECT_EQ(Explain({"--igvm", igvm_, "--observed", mrtd}).out,
            "MRTD of a TDX guest instead of an SEV-SNP launch digest\n");
}

TEST_F(ExplainOtherLaunches, FindsAnIgvmFileAndPlainFirmwareAmongTheFilesOffered) {
  const std::string plain =
      Measured({"snp", "--firmware", snp_, "--vcpus", "4", "--cpu", "EPYC-Milan"}, "measurement");
  const std::vector<std::string> offered = {
      "--other-firmware", other_igvm_, "--other-firmware", snp_, "--igvm", igvm_, "--observed"};
  std::vector<std::string> arguments = offered;
  arguments.push_back(Measured({"igvm", other_igvm_}, "measurement"));
  EXPECT_EQ(Explain(arguments).out, "IGVM file " + other_igvm_ + " instead of " + igvm_ + "\n");

  arguments = offered;
  arguments.push_back(plain);

  EXPECT_THAT(Explain(arguments).out,
              ::testing::AllOf(HasSubstr("SEV-SNP firmware " + snp_ + " instead of " + igvm_),
                               HasSubstr("4 vCPUs, CPU model EPYC-Milan")));
}

TEST_F(ExplainOtherLaunches, FindsAnIgvmFileInPlaceOfPlainFirmware) {
  const Outcome outcome =
      Explain({"--firmware", snp_, "--vcpus", "1", "--cpu", "EPYC-v4", "--other-firmware", igvm_,
               "--observed", Measured({"igvm", igvm_}, "measurement")});

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "IGVM file " + igvm_ + " instead of " + snp_ + "\n");
}

TEST_F(ExplainOtherLaunches, NamesTheOrderOfAddingPages) {
  const std::string two = Measured({"tdx", "--firmware", tdx_, "--order", "two-pass"}, "mrtd");

  EXPECT_EQ(Explain({"--tdx-firmware", tdx_, "--order", "two-pass", "--observed", two}).out,
            "the launch described gives this digest\n");
  EXPECT_EQ(Explain({"--tdx-firmware", tdx_, "--observed", two}).out,
            "pages added in two passes instead of in a single pass\n");
}

TEST_F(ExplainOtherLaunches, FindsOtherTdxFirmware) {
  EXPECT_THAT(Explain({"--tdx-firmware", tdx_, "--other-firmware", other_tdx_, "--observed",
                       Measured({"tdx", "--firmware", other_tdx_}, "mrtd")})
                  .out,
              HasSubstr("TDX firmware " + other_tdx_ + " instead of " + tdx_));
}

TEST_F(ExplainOtherLaunches, RecognizesRegistersThatAreNotMrtd) {
  // No PE image: RTMR1 cannot be known, RTMR2 can.
  const std::string kernel = files_.Write("vmlinuz", "kernel");
  const std::string initrd = files_.Write("initrd", "initrd");
  const std::vector<std::string> files = {"--kernel", kernel,      "--initrd",
                                          initrd,     "--cmdline", "a b"};
  std::vector<std::string> measure = {"tdx", "--firmware", tdx_};
  measure.insert(measure.end(), files.begin(), files.end());
  std::vector<std::string> explain = {"--tdx-firmware", tdx_, "--observed",
                                      Measured(measure, "rtmr2")};
  explain.insert(explain.end(), files.begin(), files.end());

  EXPECT_THAT(Explain(explain).out, HasSubstr("RTMR2 of this initrd"));
  EXPECT_THAT(Explain({"--tdx-firmware", tdx_, "--observed", std::string(96, '0')}).out,
              HasSubstr("all zero, which is no MRTD"));
}

TEST_F(ExplainOtherLaunches, EndWithOneWhenNothingNearFits) {
  const std::string observed = Hex(attestation::launch::Sha384Of({}));

  for (const auto& [option, file] : {std::pair{"--igvm", igvm_}, {"--tdx-firmware", tdx_}}) {
    const Outcome outcome = Explain({option, file, "--observed", observed});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("not explained"));
  }
}

TEST_F(ExplainOtherLaunches, GiveJson) {
  const Outcome outcome = Explain({"--output", "json", "--igvm", igvm_, "--observed",
                                   Measured({"igvm", igvm_, "--tdx"}, "mrtd")});

  EXPECT_EQ(nlohmann::json::parse(outcome.out),
            (nlohmann::json{
                {"explained", true},
                {"differences", {"MRTD of a TDX guest instead of an SEV-SNP launch digest"}}}));
}

TEST_F(ExplainOtherLaunches, WantExactlyOneKindOfLaunch) {
  const std::string observed(96, '0');
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"--igvm", igvm_, "--tdx-firmware", tdx_},
      {"--firmware", snp_, "--vcpus", "1", "--cpu", "EPYC-v4", "--igvm", igvm_},
      {"--firmware", snp_, "--vcpus", "1", "--cpu", "EPYC-v4", "--tdx-firmware", tdx_}};

  for (std::vector<std::string> arguments : wrong) {
    arguments.insert(arguments.end(), {"--observed", observed});
    const Outcome outcome = Explain(arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("want exactly one of them"));
  }
}

TEST_F(ExplainOtherLaunches, RefuseOptionsOfAnotherKind) {
  const std::string observed(96, '0');
  const std::vector<std::vector<std::string>> wrong = {
      {"--igvm", igvm_, "--vcpus", "2"},
      {"--igvm", igvm_, "--cpu", "EPYC-v4"},
      {"--igvm", igvm_, "--guest-features", "21"},
      {"--igvm", igvm_, "--no-kernel-hashes"},
      {"--igvm", igvm_, "--order", "two-pass"},
      {"--igvm", igvm_, "--kernel", snp_},
      {"--tdx-firmware", tdx_, "--vmm", "ec2"},
      {"--tdx-firmware", tdx_, "--mode", "loader"},
      {"--tdx-firmware", tdx_, "--native-zero"},
      {"--tdx-firmware", tdx_, "--tdx"},
      {"--tdx-firmware", tdx_, "--initrd", snp_},
      {"--tdx-firmware", tdx_, "--cmdline", "quiet"},
      {"--firmware", snp_, "--vcpus", "1", "--cpu", "EPYC-v4", "--order", "two-pass"},
      {"--firmware", snp_, "--vcpus", "1", "--cpu", "EPYC-v4", "--tdx"},
      {"--firmware", snp_, "--cpu", "EPYC-v4"},
      {"--igvm", igvm_, "--mode", "tool"},
      {"--tdx-firmware", tdx_, "--order", "three-pass"}};

  for (std::vector<std::string> arguments : wrong) {
    arguments.insert(arguments.end(), {"--observed", observed});
    const Outcome outcome = Explain(arguments);
    EXPECT_EQ(outcome.status, 2) << ::testing::PrintToString(arguments);
    EXPECT_THAT(outcome.err, HasSubstr("--")) << ::testing::PrintToString(arguments);
  }
}

TEST_F(ExplainOtherLaunches, NameAFileOfTheWrongKind) {
  const std::string observed(96, '0');
  const std::string text = files_.Write("text", std::string(8192, 'x'));

  EXPECT_THAT(Explain({"--igvm", snp_, "--observed", observed}).err,
              HasSubstr(snp_ + ": want an IGVM file"));
  EXPECT_THAT(Explain({"--tdx-firmware", snp_, "--observed", observed}).err,
              HasSubstr(snp_ + ": want an image with TDVF metadata"));
  EXPECT_THAT(
      Explain({"--firmware", tdx_, "--vcpus", "1", "--cpu", "EPYC-v4", "--observed", observed}).err,
      HasSubstr(tdx_ + ": want an image with SEV metadata"));
  EXPECT_THAT(Explain({"--igvm", text, "--observed", observed}).err, HasSubstr(text + ": "));
  EXPECT_THAT(Explain({"--igvm", igvm_, "--other-firmware", text, "--observed", observed}).err,
              HasSubstr(text + ": "));
}

TEST_F(ExplainOtherLaunches, NameAnIgvmFileThatIsBroken) {
  std::vector<std::byte> bytes = Igvm(1);
  bytes.resize(bytes.size() - 1);
  const std::string broken = files_.Write("broken.igvm", bytes);

  const Outcome outcome = Explain({"--igvm", broken, "--observed", std::string(96, '0')});

  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr(broken + ": "));
}

TEST_F(ExplainOtherLaunches, NameAnIgvmFileThatCannotBeMeasured) {
  const std::string path =
      files_.Write("td.igvm", testing::IgvmBuilder().Tdx(1).Page(0x1000, 1).Data(7).Build());

  const Outcome outcome = Explain({"--igvm", path, "--observed", std::string(96, '0')});

  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr(path + ": IGVM file: has no SEV-SNP platform"));
}

}  // namespace
}  // namespace cocos::cli
