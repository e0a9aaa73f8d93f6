// Commands that show what a guest says: logs, console.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/cvm_commands.h"
#include "cli/streams.h"

namespace cocos::cli {

struct LogsOptions {
  std::string source = "both";  // "agent", "console" or "both"
  bool follow = false;
  std::optional<google::protobuf::Timestamp> since;
  std::optional<std::uint64_t> tail;
};

struct ConsoleOptions {
  bool follow = false;
  bool raw = false;  // also to a terminal
};

// Both end when the CVM does, and fail when a stream that is followed is lost: what was printed
// meanwhile would be missing silently.
Result<void> ShowLogs(const ManagerOptions& manager, const std::string& id,
                      const LogsOptions& options, const Streams& streams);
// The guest's own bytes, unless they would go to a terminal: then control characters are made
// visible.
Result<void> ShowConsole(const ManagerOptions& manager, const std::string& id,
                         const ConsoleOptions& options, const Streams& streams);

}  // namespace cocos::cli
