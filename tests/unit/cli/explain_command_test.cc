// cvmctl explain-measurement, on images that the tests make.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "unit/attestation/launch/firmware_builder.h"
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

}  // namespace
}  // namespace cocos::cli
