#include "testagent/work_dir.h"

#include <gmock/gmock.h>

#include "support/result_matchers.h"
#include "unit/testagent/temp_directory.h"

namespace cocos::testagent {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class WorkDirTest : public ::testing::Test {
 protected:
  WorkDirTest() { EXPECT_THAT(dir_.Prepare(), Succeeds()); }

  TempDirectory directory_;
  WorkDir dir_{directory_.path()};
};

TEST_F(WorkDirTest, GivesAScriptWithoutInterpreterToTheShell) {
  ASSERT_THAT(dir_.WriteAlgorithm("echo hi\n"), Succeeds());

  EXPECT_THAT(AlgorithmCommand(dir_, "bin", "", {"x"}).value(),
              ElementsAre("/bin/sh", dir_.algorithm_path(), "x"));
}

TEST_F(WorkDirTest, RunsAScriptWithInterpreterItself) {
  ASSERT_THAT(dir_.WriteAlgorithm("#!/bin/sh\n"), Succeeds());

  EXPECT_THAT(AlgorithmCommand(dir_, "", "", {}).value(), ElementsAre(dir_.algorithm_path()));
}

TEST_F(WorkDirTest, UsesTheNamedPython) {
  ASSERT_THAT(dir_.WriteAlgorithm("print(1)\n"), Succeeds());

  EXPECT_THAT(AlgorithmCommand(dir_, "python", "", {}).value(),
              ElementsAre("python3", dir_.algorithm_path()));
  EXPECT_THAT(AlgorithmCommand(dir_, "python", "python3.9", {}).value(),
              ElementsAre("python3.9", dir_.algorithm_path()));
}

TEST_F(WorkDirTest, RefusesATypeItCannotRun) {
  ASSERT_THAT(dir_.WriteAlgorithm("x"), Succeeds());

  EXPECT_THAT(AlgorithmCommand(dir_, "wasm", "", {}),
              FailsWith(ErrorCode::kInvalidArgument, HasSubstr("wasm")));
}

TEST_F(WorkDirTest, ForgetsWhatAnEarlierComputationLeft) {
  ASSERT_THAT(dir_.WriteDataset("d", "1"), Succeeds());
  directory_.Write("results/r", "2");

  ASSERT_THAT(dir_.Prepare(), Succeeds());

  EXPECT_FALSE(std::filesystem::exists(directory_.path() + "/datasets/d"));
  EXPECT_FALSE(std::filesystem::exists(directory_.path() + "/results/r"));
}

TEST_F(WorkDirTest, DoesNotWriteThroughALink) {
  std::filesystem::create_symlink("/dev/null", directory_.path() + "/datasets/d");

  EXPECT_THAT(dir_.WriteDataset("d", "1"), FailsWith(ErrorCode::kInternal));
}

}  // namespace
}  // namespace cocos::testagent
