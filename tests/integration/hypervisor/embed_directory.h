// A directory for an embedded driver, removed at the end together with what still runs in it.
#pragma once

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

namespace cocos::testing {

class EmbedDirectory {
 public:
  EmbedDirectory() {
    char name[] = "/tmp/hvXXXXXX";  // short: socket paths below it are limited
    path_ = mkdtemp(name);
    // QEMU and passt run as another user and need to get through.
    chmod(path_.c_str(), 0711);
  }
  ~EmbedDirectory() {
    KillLeftovers();
    std::filesystem::remove_all(path_);
  }
  EmbedDirectory(const EmbedDirectory&) = delete;
  EmbedDirectory& operator=(const EmbedDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string uri() const { return "qemu:///embed?root=" + path_; }

  // Process of a running domain's QEMU.
  std::optional<pid_t> QemuPid(const std::string& domain_name) const {
    std::ifstream file(path_ + "/run/qemu/" + domain_name + ".pid");
    pid_t pid = 0;
    if (!(file >> pid)) return std::nullopt;
    return pid;
  }

 private:
  // Only processes whose pid file is in our own directory, and that are really QEMU.
  void KillLeftovers() const {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path_ + "/run/qemu", error)) {
      const auto pid = QemuPid(entry.path().stem());
      if (entry.path().extension() == ".pid" && pid && IsOurQemu(*pid)) kill(*pid, SIGKILL);
    }
  }
  bool IsOurQemu(pid_t pid) const {
    std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline");
    const std::string command((std::istreambuf_iterator<char>(file)), {});
    return command.find("qemu-system") != std::string::npos &&
           command.find(path_) != std::string::npos;
  }

  std::string path_;
};

}  // namespace cocos::testing
