// One log line as text.
#pragma once

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/logger.h"

namespace cocos {

// A JSON object without line break: `time` (RFC 3339, nanoseconds, the local zone's offset),
// `level`, `msg`, then the attributes in their order, and `trace_id` unless it is empty. Control
// characters are escaped and bytes that are not UTF-8 become U+FFFD, so the result is always one
// valid line, whatever the input holds.
std::string FormatJsonLine(std::chrono::system_clock::time_point time, LogLevel level,
                           std::string_view message, std::initializer_list<LogAttribute> attributes,
                           std::string_view trace_id = {});

// Appends `text` as a JSON string with its quotes, repaired and escaped as above.
void AppendJsonString(std::string_view text, std::string& out);

// "2026-01-02T03:04:05.000000006+01:00"; "Z" for offset zero, as Go writes it.
std::string FormatRfc3339Nano(std::chrono::system_clock::time_point time);

}  // namespace cocos
