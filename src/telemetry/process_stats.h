// What Linux says about this process, for the usual process_* metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cocos {

struct ProcessStats {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // since the epoch
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;  // 0: unlimited
};

// Reads <proc_root>/self and <proc_root>/stat. Empty when one of them cannot be read or understood.
std::optional<ProcessStats> ReadProcessStats(const std::string& proc_root = "/proc");

}  // namespace cocos
