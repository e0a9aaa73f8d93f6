#include "telemetry/json_logger.h"

#include <spdlog/details/log_msg.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <string>

#include "telemetry/json_line.h"
#include "telemetry/log_fd_sink.h"

namespace cocos {
namespace {

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

JsonLogger::JsonLogger(LogThreshold threshold, const TraceIds* traces)
    : JsonLogger(threshold, std::make_shared<LogFdSink>(STDOUT_FILENO), traces) {}

JsonLogger::JsonLogger(LogThreshold threshold, std::shared_ptr<spdlog::sinks::sink> sink,
                       const TraceIds* traces)
    : threshold_(threshold), sink_(std::move(sink)), traces_(traces) {
  sink_->set_pattern("%v");
}

JsonLogger::~JsonLogger() = default;

// Here and not at the places that log: none of them can forget it.
std::string JsonLogger::TraceOf(std::initializer_list<LogAttribute> attributes) const {
  if (traces_ == nullptr) return "";
  std::string trace_id;
  for (const auto& [name, value] : attributes) {
    if (name == "trace_id") return "";
    if (name == "cvm") trace_id = traces_->Find(value);
  }
  return trace_id;
}

void JsonLogger::Log(LogLevel level, std::string_view message,
                     std::initializer_list<LogAttribute> attributes) {
  if (LogLevelNumber(level) < threshold_.value) return;
  const auto now = std::chrono::system_clock::now();
  // Sinks report failure by exception, and there is no second log to say so in.
  try {
    const std::string line = FormatJsonLine(now, level, message, attributes, TraceOf(attributes));
    sink_->log(spdlog::details::log_msg(now, spdlog::source_loc{}, "", SpdlogLevel(level), line));
    sink_->flush();
  } catch (const std::exception&) {
  }
}

}  // namespace cocos
