// A manager on a fake hypervisor, in directories of its own.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/logger.h"
#include "cvm/event_queue.h"
#include "cvm/manager.h"
#include "support/fake_hypervisor.h"

namespace cocos::testing {

// Time that tests move.
class FakeClock final : public cvm::Clock {
 public:
  cvm::TimePoint Now() const override { return cvm::TimePoint(cvm::TimePoint::duration(now_)); }
  void Advance(std::chrono::seconds by) {
    now_ += std::chrono::duration_cast<cvm::TimePoint::duration>(by).count();
  }

 private:
  std::atomic<cvm::TimePoint::rep> now_ =
      cvm::TimePoint(std::chrono::hours(500'000)).time_since_epoch().count();
};

// Keeps what is logged.
class MemoryLogger final : public Logger {
 public:
  void Log(LogLevel level, std::string_view message,
           std::initializer_list<LogAttribute> attributes) override;
  // All lines: "LEVEL message name=value...".
  std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

// An empty directory that goes with the object.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

// Waits for something another thread does; false after five seconds.
bool Eventually(const std::function<bool()>& condition);

// A template and a class for which no file of the host is needed.
cvm::ComputationClass MinimalClass(const std::string& name = "default");

class ManagerFixture : public ::testing::Test {
 protected:
  ManagerFixture();
  ~ManagerFixture() override;

  // Starts a manager (again): what an operator's restart does. `options` and `classes` may be
  // changed before.
  cvm::Manager& StartManager();
  // Ends it as a crash would as far as state goes: nothing is undone.
  void StopManager();

  std::vector<std::string> ShareDirs() const;

  TempDir dir_;
  FakeClock clock_;
  MemoryLogger logger_;
  FakeHypervisor hypervisor_;
  cvm::ManagerOptions options_;
  std::vector<cvm::ComputationClass> classes_;
  std::unique_ptr<cvm::EventQueue> events_;
  std::unique_ptr<cvm::Manager> manager_;
};

}  // namespace cocos::testing
