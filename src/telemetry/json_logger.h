// The daemon's log: JSON lines on standard output.
#pragma once

#include <memory>
#include <string>

#include "base/log_level.h"
#include "base/logger.h"
#include "base/trace_ids.h"

namespace spdlog::sinks {
class sink;
}

namespace cocos {

// Writes one JSON object a line (json_line.h) to an spdlog sink. A line that names a CVM by its
// attribute `cvm`, and no `trace_id` itself, gets the one that `traces` has for it. Thread-safe;
// never throws, and never fails towards its caller: a line that cannot be written is dropped.
class JsonLogger final : public Logger {
 public:
  // To standard output; see log_fd_sink.h for what happens when nobody reads it.
  // `traces`, if any, must outlive the logger.
  explicit JsonLogger(LogThreshold threshold, const TraceIds* traces = nullptr);
  // To any sink. Its formatter is replaced: a line is written as it is.
  JsonLogger(LogThreshold threshold, std::shared_ptr<spdlog::sinks::sink> sink,
             const TraceIds* traces = nullptr);
  ~JsonLogger() override;

  void Log(LogLevel level, std::string_view message,
           std::initializer_list<LogAttribute> attributes) override;

 private:
  std::string TraceOf(std::initializer_list<LogAttribute> attributes) const;

  const LogThreshold threshold_;
  const std::shared_ptr<spdlog::sinks::sink> sink_;
  const TraceIds* const traces_;
};

}  // namespace cocos
