#include "cms/runs.h"

#include <thread>

#include "base/trace_ids.h"
#include "cms/change_reporter.h"
#include "support/result_matchers.h"
#include "unit/cms/run_fixture.h"

namespace cocos::cms {
namespace {

using ::cocos::testing::Eventually;
using ::cocos::testing::FailsWith;
using ::cocos::testing::RunFixture;
using ::cocos::testing::RunRequest;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class CmsRuns : public RunFixture {};

TEST_F(CmsRuns, AnswersARunWithUpstreamsEventsAndThePort) {
  StartRuns().Run(RunRequest("7"));

  EXPECT_THAT(Sent(), ElementsAre("event 7 VmProvision Starting", "event 7 VmProvision InProgress",
                                  "event 7 VmProvision Completed", "run 7 6100"));
}

TEST_F(CmsRuns, MakesOneCvmThatKnowsItsComputationAndItsRelay) {
  StartRuns().Run(RunRequest("7"));

  const auto cvms = manager_->List().cvms;
  ASSERT_THAT(cvms, SizeIs(1));
  EXPECT_EQ(cvms.front().computation_id, "7");
  EXPECT_THAT(gateway_.admitted(), ElementsAre(std::pair(cvms.front().id.text(), "7")));
}

TEST_F(CmsRuns, GivesEachRunATraceThatItsCvmCarriesOn) {
  Runs& runs = StartRuns();

  runs.Run(RunRequest("7"));
  runs.Run(RunRequest("8"));

  const std::string trace = runs.Find("7")->trace_id;
  EXPECT_TRUE(IsTraceId(trace)) << trace;
  EXPECT_NE(runs.Find("8")->trace_id, trace);
  EXPECT_THAT(logger_.text(),
              HasSubstr("Computation is to be run computation=7 trace_id=" + trace + "\n"));
}

TEST_F(CmsRuns, NamesTheTraceOfARunThatDoesNotStart) {
  gateway_.refuses = true;

  StartRuns().Run(RunRequest("7"));

  EXPECT_THAT(logger_.text(),
              ::testing::ContainsRegex("not started computation=7 .* trace_id=[0-9a-f]{32}"));
}

TEST_F(CmsRuns, GivesARunTheClassWhoseRuleFitsWithItsPort) {
  classes_.push_back(testing::MinimalClass("red"));
  run_options_.classes.push_back(
      {.name = "red", .agent_port = 7010, .rules = {{Property::kIdPrefix, "red-"}}});
  Runs& runs = StartRuns();

  runs.Run(RunRequest("red-1"));
  runs.Run(RunRequest("7"));

  EXPECT_EQ(runs.Find("red-1")->class_name, "red");
  EXPECT_EQ(runs.Find("7")->class_name, "default");
  EXPECT_EQ(gateway_.agent_port_of("red-1"), "7010");
  EXPECT_EQ(gateway_.agent_port_of("7"), "7002");
}

TEST_F(CmsRuns, RefusesARunThatTwoClassesClaim) {
  run_options_.classes.push_back({.name = "red", .rules = {{Property::kId, "7"}}});
  run_options_.classes.push_back({.name = "blue", .rules = {{Property::kIdPrefix, "7"}}});

  StartRuns().Run(RunRequest("7"));

  EXPECT_THAT(Sent(), Contains(AllOf(StartsWith("stop 7 "), HasSubstr("\"red\" and \"blue\""))));
  EXPECT_THAT(manager_->List().cvms, IsEmpty());
}

TEST_F(CmsRuns, MakesNoSecondCvmForTheSameIdAndAnswersAgain) {
  Runs& runs = StartRuns();
  runs.Run(RunRequest("7"));
  Sent();

  runs.Run(RunRequest("7"));

  EXPECT_THAT(Sent(), ElementsAre("run 7 6100"));
  EXPECT_THAT(manager_->List().cvms, SizeIs(1));
}

TEST_F(CmsRuns, RefusesAgainWhatWasRefusedAsLongAsItsCvmIsThere) {
  Runs& runs = StartRuns();
  runs.Run(RunRequest("7"));
  Sent();
  gateway_.refusal = "snp.measurement";

  runs.Run(RunRequest("7"));

  EXPECT_THAT(Sent(), Contains(StartsWith("stop 7 attestation refused: snp.measurement")));
  EXPECT_THAT(manager_->List().cvms, SizeIs(1));
}

TEST_F(CmsRuns, DoesNotReportARefusedComputationAsRunning) {
  Runs& runs = StartRuns();
  runs.Run(RunRequest("7"));
  Sent();
  gateway_.refusal = "snp.measurement";

  runs.ReportAll();

  EXPECT_THAT(Sent(), IsEmpty());
}

TEST_F(CmsRuns, KnowsAComputationAfterARestart) {
  StartRuns().Run(RunRequest("7"));
  Sent();
  StopManager();

  StartRuns().Run(RunRequest("7"));

  EXPECT_THAT(Sent(), ElementsAre("run 7 6100"));
  EXPECT_THAT(manager_->List().cvms, SizeIs(1));
}

TEST_F(CmsRuns, MakesOneCvmWhenAnIdComesManyTimesAtOnce) {
  Runs& runs = StartRuns();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&runs] { runs.Run(RunRequest("7")); });
  }

  EXPECT_THAT(manager_->List().cvms, SizeIs(1));
}

TEST_F(CmsRuns, RunsAnIdAgainWhoseCvmFailed) {
  Runs& runs = StartRuns();
  runs.Run(RunRequest("7"));
  const std::string first = manager_->List().cvms.front().id.text();
  hypervisor_.Kill(first);
  ASSERT_TRUE(Eventually([&runs] { return runs.Find("7")->state == cvm::State::kFailed; }));
  Sent();

  runs.Run(RunRequest("7"));

  EXPECT_THAT(Sent(), Contains(StartsWith("run 7 ")));
  EXPECT_NE(runs.Find("7")->id.text(), first);
}

TEST_F(CmsRuns, SaysWhyARunWasRefused) {
  options_.max_cvms = 1;
  Runs& runs = StartRuns();
  runs.Run(RunRequest("7"));
  Sent();

  runs.Run(RunRequest("8"));

  const auto sent = Sent();
  EXPECT_THAT(sent, Contains("event 8 VmProvision Failed"));
  EXPECT_THAT(sent, Contains(StartsWith("stop 8 maximum number of VMs exceeded")));
  EXPECT_THAT(sent, Contains(StartsWith("log maximum number of VMs exceeded")));
  EXPECT_THAT(gateway_.admitted(), SizeIs(1));
}

TEST_F(CmsRuns, RefusesAManifestThatWouldEndAnAgent) {
  manager::ComputationRunReq request = RunRequest("7");
  request.mutable_algorithm()->set_hash("short");

  StartRuns().Run(request);

  EXPECT_THAT(Sent(), Contains(StartsWith("stop 7 algorithm: digest of 5 bytes")));
  EXPECT_THAT(manager_->List().cvms, IsEmpty());
  EXPECT_THAT(gateway_.admitted(), IsEmpty());
}

TEST_F(CmsRuns, RefusesAnIdThatMetadataCannotCarry) {
  StartRuns().Run(RunRequest("a\nb"));

  EXPECT_THAT(Sent(), Contains(HasSubstr("computation id")));
  EXPECT_THAT(manager_->List().cvms, IsEmpty());
}

TEST_F(CmsRuns, MakesNoCvmThatItsAgentCouldNotReachTheManagerFrom) {
  gateway_.refuses = true;

  StartRuns().Run(RunRequest("7"));

  EXPECT_THAT(Sent(), Contains(StartsWith("stop 7 no room for the manifest")));
  EXPECT_THAT(manager_->List().cvms, IsEmpty());
}

TEST_F(CmsRuns, StopsAComputation) {
  Runs& runs = StartRuns();
  const ChangeReporter reporter(*manager_, gateway_, outbox_, {[] {}, [] {}}, logger_);
  runs.Run(RunRequest("7"));
  Sent();

  runs.Stop("7");

  EXPECT_THAT(manager_->List().cvms, IsEmpty());
  EXPECT_TRUE(Eventually([this] { return gateway_.admitted().empty(); }));
  EXPECT_THAT(Sent(),
              ::testing::UnorderedElementsAre("stop 7 ", "event 7 StopComputationRun Completed"));
}

TEST_F(CmsRuns, SaysThatThereIsNothingToStop) {
  StartRuns().Stop("7");

  EXPECT_THAT(Sent(), ElementsAre("event 7 StopComputationRun Failed",
                                  "stop 7 computation \"7\": not known here"));
}

TEST_F(CmsRuns, TellsWhatRunsAfterAConnection) {
  Runs& runs = StartRuns();
  runs.Run(RunRequest("7"));
  runs.Run(RunRequest("8"));
  ASSERT_TRUE(manager_->Create({}));  // no computation of the service
  Sent();

  runs.ReportAll();

  EXPECT_THAT(Sent(), ::testing::UnorderedElementsAre("event 7 VmRunning InProgress",
                                                      "event 8 VmRunning InProgress"));
}

TEST_F(CmsRuns, TellsThatACvmEndedByItself) {
  Runs& runs = StartRuns();
  const ChangeReporter reporter(*manager_, gateway_, outbox_, {[] {}, [] {}}, logger_);
  runs.Run(RunRequest("7"));
  Sent();

  hypervisor_.Kill(manager_->List().cvms.front().id.text());

  ASSERT_TRUE(Eventually([this] { return outbox_.bytes() > 0; }));
  const auto message = outbox_.Pop({});
  EXPECT_EQ(Text(*message), "event 7 VmRunning Stopped");
  EXPECT_THAT(message->agent_event().details(), HasSubstr("\"error\":"));
  EXPECT_TRUE(Eventually([this] { return gateway_.admitted().empty(); }));
}

TEST_F(CmsRuns, ForgetsWhatAnEarlierProcessAdmittedAndNeverMade) {
  Runs& runs = StartRuns();
  runs.Run(RunRequest("7"));
  ASSERT_TRUE(gateway_.Admit(cvm::CvmId::Random(), "default", {}));

  const ChangeReporter reporter(*manager_, gateway_, outbox_, {[] {}, [] {}}, logger_);

  EXPECT_TRUE(Eventually([this] { return gateway_.admitted().size() == 1; }));
  EXPECT_EQ(gateway_.admitted().begin()->second, "7");
}

TEST_F(CmsRuns, SaysNothingOfCvmsThatOthersMade) {
  StartRuns();
  const ChangeReporter reporter(*manager_, gateway_, outbox_, {[] {}, [] {}}, logger_);
  const auto created = manager_->Create({});

  ASSERT_TRUE(manager_->Remove(created->id));
  runs_->Stop("marker");

  EXPECT_THAT(Sent(), SizeIs(2));
}

}  // namespace
}  // namespace cocos::cms
