// The daemon's log: JSON lines on standard output.
#pragma once

#include <memory>

#include "base/log_level.h"
#include "base/logger.h"

namespace spdlog::sinks {
class sink;
}

namespace cocos {

// Writes one JSON object a line (json_line.h) to an spdlog sink. Thread-safe; never throws, and
// never fails towards its caller: a line that cannot be written is dropped.
class JsonLogger final : public Logger {
 public:
  // To standard output; see log_fd_sink.h for what happens when nobody reads it.
  explicit JsonLogger(LogThreshold threshold);
  // To any sink. Its formatter is replaced: a line is written as it is.
  JsonLogger(LogThreshold threshold, std::shared_ptr<spdlog::sinks::sink> sink);
  ~JsonLogger() override;

  void Log(LogLevel level, std::string_view message,
           std::initializer_list<LogAttribute> attributes) override;

 private:
  const LogThreshold threshold_;
  const std::shared_ptr<spdlog::sinks::sink> sink_;
};

}  // namespace cocos
