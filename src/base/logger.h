// The log as the rest of the code sees it: a level, a message, attributes. src/telemetry writes it.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace cocos {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

// A name and a text. Values may hold any bytes; the sink repairs invalid UTF-8.
using LogAttribute = std::pair<std::string_view, std::string_view>;

// Thread-safe. Secrets never reach a logger.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual void Log(LogLevel level, std::string_view message,
                   std::initializer_list<LogAttribute> attributes) = 0;

  void Debug(std::string_view message, std::initializer_list<LogAttribute> attributes = {}) {
    Log(LogLevel::kDebug, message, attributes);
  }
  void Info(std::string_view message, std::initializer_list<LogAttribute> attributes = {}) {
    Log(LogLevel::kInfo, message, attributes);
  }
  void Warn(std::string_view message, std::initializer_list<LogAttribute> attributes = {}) {
    Log(LogLevel::kWarn, message, attributes);
  }
  void Error(std::string_view message, std::initializer_list<LogAttribute> attributes = {}) {
    Log(LogLevel::kError, message, attributes);
  }
};

}  // namespace cocos
