#include "testagent/computation.h"

#include <gmock/gmock.h>

#include "crypto/digest.h"
#include "support/result_matchers.h"
#include "unit/testagent/recording_reporter.h"
#include "unit/testagent/temp_directory.h"
#include "unit/testagent/test_keys.h"
#include "unit/testagent/unzip.h"

namespace cocos::testagent {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string Sha3(const std::string& text) {
  const auto digest = crypto::Sha3_256(crypto::BytesOf(text));
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

class ComputationTest : public ::testing::Test {
 protected:
  cvms::ComputationRunReq Manifest(const std::string& script,
                                   const std::vector<std::string>& datasets = {}) const {
    cvms::ComputationRunReq manifest;
    manifest.set_id("7");
    manifest.mutable_algorithm()->set_hash(Sha3(script));
    manifest.mutable_algorithm()->set_userkey(key_.PublicDer());
    for (const std::string& content : datasets) {
      auto& dataset = *manifest.add_datasets();
      dataset.set_hash(Sha3(content));
      dataset.set_userkey(key_.PublicDer());
      dataset.set_filename("d" + std::to_string(manifest.datasets_size()) + ".txt");
    }
    manifest.add_result_consumers()->set_userkey(key_.PublicDer());
    return manifest;
  }

  Credentials As(std::string_view role) const {
    return {.role = std::string(role), .signature = key_.SignBase64(role)};
  }
  Result<void> Upload(const std::string& script) {
    return computation_.ReceiveAlgorithm(As(kAlgorithmProviderRole), {.content = script});
  }
  Result<void> UploadData(const std::string& name, const std::string& content) {
    return computation_.ReceiveDataset(As(kDataProviderRole), name, content);
  }
  void RunToTheEnd(const std::string& script, const std::string& last_event) {
    ASSERT_THAT(computation_.Begin(Manifest(script)), Succeeds());
    ASSERT_THAT(Upload(script), Succeeds());
    ASSERT_TRUE(reporter_.WaitForEvent(last_event));
  }

  const TestKey key_{KeyKind::kEd25519};
  TempDirectory directory_;
  RecordingReporter reporter_;
  Computation computation_{reporter_, directory_.path()};
};

TEST_F(ComputationTest, WaitsForAManifestFirst) {
  EXPECT_EQ(computation_.state(), State::kReceivingManifest);
  EXPECT_THAT(reporter_.events(), ElementsAre());
}

TEST_F(ComputationTest, AnnouncesEveryStateOfARunWithData) {
  const std::string script = "cat datasets/d1.txt datasets/d2.txt > results/all.txt\n";
  ASSERT_THAT(computation_.Begin(Manifest(script, {"one\n", "two\n"})), Succeeds());
  ASSERT_THAT(Upload(script), Succeeds());
  ASSERT_THAT(UploadData("d2.txt", "two\n"), Succeeds());
  ASSERT_THAT(UploadData("d1.txt", "one\n"), Succeeds());
  ASSERT_TRUE(reporter_.WaitForEvent("ConsumingResults/Ready"));

  const auto result = computation_.TakeResult(As(kConsumerRole));

  ASSERT_THAT(result, Succeeds());
  EXPECT_THAT(Unzip(*result), ElementsAre(Pair("all.txt", "one\ntwo\n")));
  EXPECT_THAT(reporter_.events(),
              ElementsAre("ReceivingAlgorithm/InProgress", "ReceivingData/InProgress",
                          "Running/Starting", "Running/InProgress", "Running/Completed",
                          "ConsumingResults/Ready", "Complete/Completed"));
  EXPECT_EQ(computation_.state(), State::kComplete);
}

TEST_F(ComputationTest, ReportsOutputAsLogsAndErrorsAsAWarning) {
  RunToTheEnd("echo fine; echo careful >&2\n", "ConsumingResults/Ready");

  EXPECT_THAT(reporter_.logs(), HasSubstr("fine"));
  EXPECT_THAT(reporter_.logs(), HasSubstr("careful"));
  EXPECT_THAT(reporter_.events(), ::testing::Contains("AlgorithmRun/Warning"));
}

TEST_F(ComputationTest, FailsWithAnAlgorithmThatFails) {
  RunToTheEnd("exit 3\n", "Failed/Failed");

  EXPECT_EQ(computation_.state(), State::kFailed);
  EXPECT_THAT(computation_.TakeResult(As(kConsumerRole)),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("exit status 3")));
  EXPECT_THAT(reporter_.events(),
              ElementsAre("ReceivingAlgorithm/InProgress", "Running/Starting", "Running/InProgress",
                          "Running/Failed", "Failed/Failed"));
}

TEST_F(ComputationTest, RefusesAnAlgorithmThatDiffersByOneByte) {
  ASSERT_THAT(computation_.Begin(Manifest("echo hi\n")), Succeeds());

  EXPECT_THAT(Upload("echo hj\n"), FailsWith(ErrorCode::kInvalidArgument, HasSubstr("digest")));
  EXPECT_EQ(computation_.state(), State::kReceivingAlgorithm);
  EXPECT_THAT(Upload("echo hi\n"), Succeeds());
}

TEST_F(ComputationTest, RefusesDataTheManifestDoesNotName) {
  ASSERT_THAT(computation_.Begin(Manifest("true\n", {"one"})), Succeeds());
  ASSERT_THAT(Upload("true\n"), Succeeds());

  EXPECT_THAT(UploadData("d1.txt", "two"), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(UploadData("other.txt", "one"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("d1.txt")));
  EXPECT_EQ(computation_.state(), State::kReceivingData);
}

TEST_F(ComputationTest, TakesEachDatasetOnce) {
  ASSERT_THAT(computation_.Begin(Manifest("true\n", {"one", "two"})), Succeeds());
  ASSERT_THAT(Upload("true\n"), Succeeds());
  ASSERT_THAT(UploadData("d1.txt", "one"), Succeeds());

  EXPECT_THAT(UploadData("d1.txt", "one"),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("outstanding")));
}

TEST_F(ComputationTest, RefusesRolesThatAreNotThoseOfTheCall) {
  ASSERT_THAT(computation_.Begin(Manifest("true\n")), Succeeds());

  EXPECT_THAT(computation_.Authorize(kAlgorithmProviderRole, As(kAlgorithmProviderRole)),
              Succeeds());
  EXPECT_THAT(computation_.Authorize(kAlgorithmProviderRole, As(kConsumerRole)),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("consumer")));
  EXPECT_THAT(computation_.Authorize(kAlgorithmProviderRole, As("operator")),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("operator")));
  EXPECT_THAT(computation_.Authorize(kAlgorithmProviderRole, {}), FailsWith(ErrorCode::kUntrusted));
}

TEST_F(ComputationTest, RefusesAKeyTheManifestDoesNotName) {
  const TestKey stranger(KeyKind::kEd25519);
  ASSERT_THAT(computation_.Begin(Manifest("true\n")), Succeeds());

  EXPECT_THAT(
      computation_.ReceiveAlgorithm({.role = std::string(kAlgorithmProviderRole),
                                     .signature = stranger.SignBase64(kAlgorithmProviderRole)},
                                    {.content = "true\n"}),
      FailsWith(ErrorCode::kUntrusted));
}

TEST_F(ComputationTest, RefusesADatasetOfAnotherProvider) {
  const TestKey other(KeyKind::kEd25519);
  auto manifest = Manifest("true\n", {"one", "two"});
  manifest.mutable_datasets(1)->set_userkey(other.PublicDer());
  ASSERT_THAT(computation_.Begin(manifest), Succeeds());
  ASSERT_THAT(Upload("true\n"), Succeeds());

  EXPECT_THAT(UploadData("d2.txt", "two"), FailsWith(ErrorCode::kUntrusted));
  EXPECT_THAT(UploadData("d1.txt", "one"), Succeeds());
}

TEST_F(ComputationTest, RefusesWhatIsNotExpectedYet) {
  ASSERT_THAT(computation_.Begin(Manifest("true\n", {"one"})), Succeeds());

  EXPECT_THAT(UploadData("d1.txt", "one"),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("ReceivingAlgorithm")));
  EXPECT_THAT(computation_.TakeResult(As(kConsumerRole)),
              FailsWith(ErrorCode::kFailedPrecondition));
  EXPECT_THAT(computation_.Begin(Manifest("true\n")), FailsWith(ErrorCode::kFailedPrecondition));
}

TEST_F(ComputationTest, IsCompleteOnceEveryConsumerHasTheResult) {
  const TestKey second(KeyKind::kEcdsa);
  auto manifest = Manifest("true\n");
  manifest.add_result_consumers()->set_userkey(second.PublicDer());
  ASSERT_THAT(computation_.Begin(manifest), Succeeds());
  ASSERT_THAT(Upload("true\n"), Succeeds());
  ASSERT_TRUE(reporter_.WaitForEvent("ConsumingResults/Ready"));

  EXPECT_THAT(computation_.TakeResult(As(kConsumerRole)), Succeeds());
  EXPECT_EQ(computation_.state(), State::kConsumingResults);
  EXPECT_THAT(computation_.TakeResult({.role = std::string(kConsumerRole),
                                       .signature = second.SignBase64(kConsumerRole)}),
              Succeeds());
  EXPECT_EQ(computation_.state(), State::kComplete);
  EXPECT_THAT(computation_.TakeResult(As(kConsumerRole)),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("all declared consumers")));
}

TEST_F(ComputationTest, AStopEndsARunningAlgorithmAndMakesRoomForTheNext) {
  ASSERT_THAT(computation_.Begin(Manifest("sleep 50\n")), Succeeds());
  ASSERT_THAT(Upload("sleep 50\n"), Succeeds());
  ASSERT_TRUE(reporter_.WaitForEvent("Running/InProgress"));

  EXPECT_THAT(computation_.Stop("7"), Succeeds());

  EXPECT_EQ(computation_.state(), State::kReceivingManifest);
  EXPECT_EQ(reporter_.events().back(), "Stopped/Stopped");
  EXPECT_THAT(computation_.Begin(Manifest("true\n")), Succeeds());
}

TEST_F(ComputationTest, DoesNotStopAnotherComputation) {
  ASSERT_THAT(computation_.Begin(Manifest("true\n")), Succeeds());

  EXPECT_THAT(computation_.Stop("8"), FailsWith(ErrorCode::kNotFound));
  EXPECT_EQ(computation_.state(), State::kReceivingAlgorithm);
}

TEST_F(ComputationTest, PassesArgumentsToTheAlgorithm) {
  const std::string script = "echo \"$1-$2\" > results/r\n";
  ASSERT_THAT(computation_.Begin(Manifest(script)), Succeeds());

  ASSERT_THAT(computation_.ReceiveAlgorithm(As(kAlgorithmProviderRole),
                                            {.content = script, .arguments = {"a", "b c"}}),
              Succeeds());

  ASSERT_TRUE(reporter_.WaitForEvent("ConsumingResults/Ready"));
  EXPECT_THAT(Unzip(computation_.TakeResult(As(kConsumerRole)).value()),
              ElementsAre(Pair("r", "a-b c\n")));
}

}  // namespace
}  // namespace cocos::testagent
