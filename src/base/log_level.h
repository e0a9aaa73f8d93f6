// Log levels by number, as MANAGER_LOG_LEVEL names them.
#pragma once

#include <string>
#include <string_view>

#include "base/logger.h"
#include "base/result.h"

namespace cocos {

// Go's slog numbers: DEBUG -4, INFO 0, WARN 4, ERROR 8, anything between and beyond allowed. A line
// is written when its number is not below the threshold.
struct LogThreshold {
  int value = 0;

  friend bool operator==(LogThreshold, LogThreshold) = default;
};

// The number of a level.
int LogLevelNumber(LogLevel level);
// "DEBUG", "INFO", "WARN", "ERROR": the texts in the log's `level`.
std::string_view LogLevelName(LogLevel level);

// Parses debug, info, warn or error in any case, with an optional offset: "INFO+2", "error-1".
// Errors: kInvalidArgument naming the text and what is accepted.
Result<LogThreshold> ParseLogThreshold(std::string_view text);

}  // namespace cocos
