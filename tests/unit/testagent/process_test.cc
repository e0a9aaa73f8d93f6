#include "testagent/process.h"

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>

#include "support/result_matchers.h"
#include "unit/testagent/temp_directory.h"

namespace cocos::testagent {
namespace {

using ::cocos::testing::FailsWith;
using ::cocos::testing::Succeeds;
using ::testing::HasSubstr;

struct Captured {
  std::string out;
  std::string err;

  ProcessOutput Sinks() {
    return {.on_stdout = [this](std::string_view text) { out += text; },
            .on_stderr = [this](std::string_view text) { err += text; }};
  }
};

Result<void> RunShell(const std::string& script, Captured& captured, std::stop_token stop = {}) {
  return RunProcess({"/bin/sh", "-c", script}, "/", captured.Sinks(), std::move(stop));
}

TEST(RunProcess, KeepsTheTwoOutputsApart) {
  Captured captured;

  EXPECT_THAT(RunShell("echo one; echo two >&2", captured), Succeeds());
  EXPECT_EQ(captured.out, "one\n");
  EXPECT_EQ(captured.err, "two\n");
}

TEST(RunProcess, RunsInTheDirectory) {
  TempDirectory directory;
  Captured captured;

  EXPECT_THAT(RunProcess({"pwd", "-P"}, directory.path(), captured.Sinks(), {}), Succeeds());
  EXPECT_EQ(captured.out, std::filesystem::canonical(directory.path()).string() + "\n");
}

TEST(RunProcess, PassesOnMoreThanAPipeHolds) {
  Captured captured;

  EXPECT_THAT(RunShell("head -c 1000000 /dev/zero", captured), Succeeds());
  EXPECT_EQ(captured.out.size(), 1'000'000u);
}

TEST(RunProcess, FailsWithTheExitStatus) {
  Captured captured;

  EXPECT_THAT(RunShell("exit 3", captured),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("exit status 3")));
}

TEST(RunProcess, FailsWithTheSignal) {
  Captured captured;

  EXPECT_THAT(RunShell("kill -SEGV $$", captured),
              FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("signal 11")));
}

TEST(RunProcess, NamesAProgramThatIsNotThere) {
  Captured captured;

  EXPECT_THAT(RunProcess({"no-such-program"}, "/", captured.Sinks(), {}),
              FailsWith(ErrorCode::kNotFound, HasSubstr("no-such-program")));
}

TEST(RunProcess, DoesNotWaitForADescendantThatKeepsTheOutputOpen) {
  Captured captured;
  const auto start = std::chrono::steady_clock::now();

  EXPECT_THAT(RunShell("sleep 50 & echo done", captured), Succeeds());
  EXPECT_EQ(captured.out, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(40));
}

TEST(RunProcess, AStopKillsIt) {
  std::stop_source stop;
  const ProcessOutput output = {.on_stdout = [&stop](std::string_view) { stop.request_stop(); },
                                .on_stderr = [](std::string_view) {}};

  EXPECT_THAT(RunProcess({"/bin/sh", "-c", "echo up; sleep 50"}, "/", output, stop.get_token()),
              FailsWith(ErrorCode::kCancelled));
}

TEST(RunProcess, HasNothingToRead) {
  Captured captured;

  EXPECT_THAT(RunProcess({"cat"}, "/", captured.Sinks(), {}), Succeeds());
  EXPECT_EQ(captured.out, "");
}

}  // namespace
}  // namespace cocos::testagent
