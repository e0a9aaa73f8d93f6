#include "telemetry/process_stats.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/unique_fd.h"

namespace cocos {
namespace {

// A /proc with one process, whose name has a blank and a parenthesis.
class FakeProc {
 public:
  FakeProc() {
    std::string name = (std::filesystem::temp_directory_path() / "cocos-proc-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    std::filesystem::create_directories(root_ / "self/fd");
    for (const char* fd : {"0", "1", "2"}) std::ofstream(root_ / "self/fd" / fd);
    Write("self/stat",
          "42 (a) b) S 1 42 42 0 -1 4194304 100 0 0 0 250 150 0 0 20 0 1 0 5000 8192000 300 1\n");
    Write("self/limits", "Limit  Soft Limit\nMax open files            1024     4096   files\n");
    Write("stat", "cpu 1 2\nbtime 1700000000\n");
  }
  ~FakeProc() { std::filesystem::remove_all(root_); }
  FakeProc(const FakeProc&) = delete;
  FakeProc& operator=(const FakeProc&) = delete;

  void Write(const std::string& path, const std::string& text) const {
    std::ofstream(root_ / path) << text;
  }
  std::string root() const { return root_.string(); }

 private:
  std::filesystem::path root_;
};

TEST(ProcessStats, ReadsWhatProcSays) {
  const FakeProc proc;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));

  const ProcessStats stats = ReadProcessStats(proc.root()).value();

  EXPECT_DOUBLE_EQ(stats.cpu_seconds, 400 / ticks);
  EXPECT_DOUBLE_EQ(stats.start_time_seconds, 1'700'000'000 + 5000 / ticks);
  EXPECT_EQ(stats.virtual_bytes, 8'192'000u);
  EXPECT_EQ(stats.resident_bytes, 300u * static_cast<unsigned long>(::sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(stats.open_fds, 2u);
  EXPECT_EQ(stats.max_fds, 1024u);
}

TEST(ProcessStats, ReportsNoLimitAsZero) {
  const FakeProc proc;
  proc.Write("self/limits", "Max open files            unlimited  unlimited  files\n");

  EXPECT_EQ(ReadProcessStats(proc.root()).value().max_fds, 0u);
}

TEST(ProcessStats, AreEmptyForAStatLineCutShort) {
  const FakeProc proc;
  proc.Write("self/stat", "42 (a) b) S 1 42 42 0 -1 4194304 100 0 0 0 250 150 0 0 20 0 1 0 5000\n");

  EXPECT_FALSE(ReadProcessStats(proc.root()).has_value());
}

TEST(ProcessStats, AreEmptyWithoutProc) {
  EXPECT_FALSE(ReadProcessStats("/nonexistent").has_value());
}

TEST(ProcessStats, CountAnOpenedFileOfThisProcess) {
  const std::uint64_t before = ReadProcessStats().value().open_fds;
  const UniqueFd extra(::open("/dev/null", O_RDONLY | O_CLOEXEC));

  EXPECT_EQ(ReadProcessStats().value().open_fds, before + 1);
}

}  // namespace
}  // namespace cocos
