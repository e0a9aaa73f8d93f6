#include "cli/format.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/time_util.h>

#include <nlohmann/json.hpp>

#include "cli/progress.h"

namespace cocos::cli {
namespace {

using google::protobuf::util::TimeUtil;
using operators::v1::Cvm;
using ::testing::HasSubstr;
using ::testing::Not;

Cvm SampleCvm() {
  Cvm cvm;
  cvm.set_id("e71cdcf5-21c0-4e1d-9471-ac6b4389d5f3");
  cvm.set_domain_name("cvm-e71cdcf5-21c0-4e1d-9471-ac6b4389d5f3");
  cvm.set_state(operators::v1::CVM_STATE_FAILED);
  cvm.set_tee(operators::v1::TEE_SEV_SNP);
  cvm.set_class_name("small");
  cvm.set_agent_address("0.0.0.0:6100");
  *cvm.mutable_created() = TimeUtil::SecondsToTimestamp(1'800'000'000);
  cvm.set_cause("the guest crashed");
  cvm.set_console_tail("Kernel panic");
  (*cvm.mutable_reference_values())["sha384:kernel"] = "ab";
  return cvm;
}

TEST(FormatList, HasAHeaderEvenWithoutCvms) {
  EXPECT_EQ(FormatList({}), "ID  STATE  CLASS  TEE  AGENT  CREATED  EXPIRES\n");
}

TEST(FormatList, NamesStateAndTeeInLowerCase) {
  operators::v1::ListCvmsResponse list;
  *list.add_cvms() = SampleCvm();

  EXPECT_THAT(FormatList(list),
              HasSubstr("failed  small  sev-snp  0.0.0.0:6100  2027-01-15T08:00:00Z  -"));
}

TEST(FormatList, GoesWithoutColumnsOnANarrowTerminalButNeverShortensAnId) {
  operators::v1::ListCvmsResponse list;
  *list.add_cvms() = SampleCvm();

  EXPECT_THAT(FormatList(list, 105), HasSubstr("CREATED               EXPIRES\n"));
  EXPECT_THAT(FormatList(list, 104), HasSubstr("TEE      AGENT         EXPIRES\n"));
  EXPECT_EQ(FormatList(list, 80),
            "ID                                    STATE   CLASS  TEE      AGENT\n"
            "e71cdcf5-21c0-4e1d-9471-ac6b4389d5f3  failed  small  sev-snp  0.0.0.0:6100\n");
  EXPECT_EQ(FormatList(list, 20),
            "ID                                    STATE   CLASS  AGENT\n"
            "e71cdcf5-21c0-4e1d-9471-ac6b4389d5f3  failed  small  0.0.0.0:6100\n");
}

TEST(FormatList, ShortensALongClassNameBeforeItGoesWithoutAColumn) {
  operators::v1::ListCvmsResponse list;
  *list.add_cvms() = SampleCvm();
  list.mutable_cvms(0)->set_class_name("a-class-with-a-long-name");

  EXPECT_THAT(FormatList(list, 108),
              HasSubstr("  failed  a-class\u2026  sev-snp  0.0.0.0:6100  2027"));
}

Cvm CvmOfAComputation() {
  Cvm cvm = SampleCvm();
  cvm.mutable_agent()->set_state("Running");
  cvm.mutable_agent()->set_status("InProgress");
  cvm.mutable_agent()->set_connected(true);
  cvm.mutable_attestation()->set_mode("enforce");
  cvm.mutable_attestation()->set_outcome(operators::v1::ATTESTATION_OUTCOME_PASSED);
  cvm.mutable_attestation()->set_release(operators::v1::COMPUTATION_RELEASE_RELEASED);
  cvm.mutable_attestation()->set_summary("verified");
  return cvm;
}

TEST(FormatList, ShowsProgressAndVerdictWhereThereIsOne) {
  operators::v1::ListCvmsResponse list;
  *list.add_cvms() = CvmOfAComputation();
  *list.add_cvms() = SampleCvm();

  EXPECT_THAT(FormatList(list), HasSubstr("AGENT         PROGRESS             VERDICT"));
  EXPECT_THAT(FormatList(list), HasSubstr("  Running: InProgress  passed, released  2027"));
  EXPECT_THAT(FormatList(list), HasSubstr("  -                    -                 2027"));
}

TEST(FormatCvm, ShowsAgentAndVerdict) {
  Cvm cvm = CvmOfAComputation();
  EXPECT_THAT(FormatCvm(cvm), HasSubstr("progress             Running: InProgress\n"));
  EXPECT_THAT(FormatCvm(cvm), HasSubstr("passed, released (mode enforce, 1970-01-01T00:00:00Z)\n"));
  EXPECT_THAT(FormatCvm(cvm), HasSubstr("attestation says     verified\n"));

  cvm.mutable_agent()->set_connected(false);
  EXPECT_THAT(FormatCvm(cvm), HasSubstr("Running: InProgress, agent gone\n"));
  cvm.mutable_agent()->clear_state();
  cvm.mutable_agent()->clear_status();
  EXPECT_THAT(FormatCvm(cvm), HasSubstr("progress             agent gone\n"));
}

TEST(Json, HasAgentAndVerdictOrNull) {
  const nlohmann::ordered_json without = CvmJson(SampleCvm());
  EXPECT_TRUE(without["agent_status"].is_null());
  EXPECT_TRUE(without["attestation"].is_null());

  const nlohmann::ordered_json json = CvmJson(CvmOfAComputation());
  EXPECT_EQ(json["agent_status"]["connected"], true);
  EXPECT_EQ(json["agent_status"]["state"], "Running");
  EXPECT_EQ(json["attestation"]["outcome"], "passed");
  EXPECT_EQ(json["attestation"]["release"], "released");
  EXPECT_EQ(json["attestation"]["mode"], "enforce");
}

TEST(FormatCvm, ShortensCauseAndCommandLineAndNothingElse) {
  Cvm cvm = SampleCvm();
  cvm.set_cause(std::string(100, 'c'));
  cvm.set_kernel_command_line(std::string(100, 'k'));
  (*cvm.mutable_reference_values())["sha384:kernel"] = std::string(96, 'a');

  const std::string text = FormatCvm(cvm, 60);

  EXPECT_THAT(text, HasSubstr("\ncause                " + std::string(38, 'c') + "\u2026\n"));
  EXPECT_THAT(text, HasSubstr("\nkernel command line  " + std::string(38, 'k') + "\u2026\n"));
  EXPECT_THAT(text, HasSubstr("\nsha384:kernel        " + std::string(96, 'a') + "\n"));
  EXPECT_THAT(text, HasSubstr("cvm-e71cdcf5-21c0-4e1d-9471-ac6b4389d5f3\n"));
  EXPECT_THAT(FormatCvm(cvm), HasSubstr(std::string(100, 'c')));
}

TEST(FormatCvm, ShowsCauseConsoleAndReferenceValues) {
  const std::string text = FormatCvm(SampleCvm());

  EXPECT_THAT(text, HasSubstr("cause                the guest crashed"));
  EXPECT_THAT(text, HasSubstr("sha384:kernel        ab"));
  EXPECT_THAT(text, HasSubstr("last console output:\nKernel panic\n"));
}

TEST(FormatCvm, LeavesOutWhatThereIsNot) {
  EXPECT_THAT(FormatCvm(Cvm()), Not(HasSubstr("cause")));
  EXPECT_THAT(FormatCvm(Cvm()), Not(HasSubstr("console output")));
}

TEST(FormatChange, IsOneLineWithTheLatency) {
  operators::v1::WatchCvmsResponse change;
  *change.mutable_cvm() = SampleCvm();
  change.set_previous_state(operators::v1::CVM_STATE_RUNNING);
  *change.mutable_event_latency() = TimeUtil::MicrosecondsToDuration(1500);

  EXPECT_EQ(
      FormatChange(change),
      "1970-01-01T00:00:00Z  e71cdcf5-21c0-4e1d-9471-ac6b4389d5f3  running -> failed  the guest "
      "crashed  (1.5 ms after the event)\n");
}

TEST(Json, HasTheDocumentedKeys) {
  const nlohmann::ordered_json json = CvmJson(SampleCvm());

  EXPECT_EQ(json["state"], "failed");
  EXPECT_EQ(json["tee"], "sev-snp");
  EXPECT_TRUE(json["expires"].is_null());
  EXPECT_EQ(json["reference_values"]["sha384:kernel"], "ab");
  EXPECT_EQ(json["console_tail"], "Kernel panic");
}

TEST(Json, OfAChangeCarriesTheLatencyInNanosecondsOrNull) {
  operators::v1::WatchCvmsResponse change;
  EXPECT_TRUE(ChangeJson(change)["event_latency_ns"].is_null());

  *change.mutable_event_latency() = TimeUtil::MicrosecondsToDuration(2);
  EXPECT_EQ(ChangeJson(change)["event_latency_ns"], 2000);
}

TEST(ProgressBar, FillsWithTheTransfer) {
  EXPECT_EQ(Progress::Bar("Up", 0, 1024), "Up [" + std::string(40, ' ') + "]   0% 0 B");
  EXPECT_EQ(Progress::Bar("Up", 512, 1024),
            "Up [" + std::string(20, '#') + std::string(20, ' ') + "]  50% 512 B");
  EXPECT_EQ(Progress::Bar("Up", 1024, 1024), "Up [" + std::string(40, '#') + "] 100% 1.0 KiB");
  EXPECT_EQ(Progress::Bar("Down", 3u << 20, 0), "Down 3.0 MiB");
}

TEST(FormatCvm, SaysWhatOfTheLaunchIsCovered) {
  operators::v1::Cvm cvm;
  EXPECT_THAT(FormatCvm(cvm), Not(HasSubstr("COVERAGE")));
  operators::v1::LaunchInput& input = *cvm.add_launch_inputs();
  input.set_name("kernel");
  input.set_coverage(operators::v1::INPUT_COVERAGE_MEASURED);
  input.set_by("MEASUREMENT, by kernel hashes");

  EXPECT_THAT(FormatCvm(cvm), HasSubstr("kernel  measured  MEASUREMENT, by kernel hashes"));
  EXPECT_EQ(CvmJson(cvm)["launch_inputs"][0]["coverage"], "measured");
}

}  // namespace
}  // namespace cocos::cli
