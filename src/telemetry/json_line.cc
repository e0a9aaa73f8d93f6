#include "telemetry/json_line.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iterator>

#include "base/log_level.h"

namespace cocos {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u; }

struct LeadByte {
  std::size_t length;  // of the whole sequence; 0: cannot start one
  unsigned char second_min;
  unsigned char second_max;
};

// Unicode 15, table 3-7 (well-formed UTF-8 byte sequences): the second byte's range excludes
// over-long forms, surrogates and what lies beyond U+10FFFF.
LeadByte Classify(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xc2) return {0, 0, 0};
  if (lead < 0xe0) return {2, 0x80, 0xbf};
  if (lead == 0xe0) return {3, 0xa0, 0xbf};
  if (lead == 0xed) return {3, 0x80, 0x9f};
  if (lead < 0xf0) return {3, 0x80, 0xbf};
  if (lead == 0xf0) return {4, 0x90, 0xbf};
  if (lead < 0xf4) return {4, 0x80, 0xbf};
  if (lead == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

// Bytes of the well-formed sequence at the start of `text`, 0 if there is none.
std::size_t SequenceLength(std::string_view text) {
  const LeadByte lead = Classify(static_cast<unsigned char>(text.front()));
  if (lead.length <= 1) return lead.length;
  if (text.size() < lead.length) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  if (second < lead.second_min || second > lead.second_max) return 0;
  for (std::size_t i = 2; i < lead.length; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  return lead.length;
}

void AppendAscii(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  } else {
    out += c;
  }
}

// "+01:00", "Z".
std::string FormatOffset(long seconds) {
  if (seconds == 0) return "Z";
  const long minutes = std::labs(seconds) / 60;
  return fmt::format("{}{:02}:{:02}", seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

}  // namespace

std::string FormatRfc3339Nano(std::chrono::system_clock::time_point time) {
  // Floor, so that the fraction is never negative, also before 1970.
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const std::int64_t nanoseconds =
      std::chrono::duration_cast<std::chrono::nanoseconds>(time - whole).count();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm local{};
  if (localtime_r(&seconds, &local) == nullptr) gmtime_r(&seconds, &local);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}{}", local.tm_year + 1900,
                     local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
                     nanoseconds, FormatOffset(local.tm_gmtoff));
}

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) {
      out += kReplacement;
      text.remove_prefix(1);
    } else if (length == 1) {
      AppendAscii(text.front(), out);
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  out += '"';
}

std::string FormatJsonLine(std::chrono::system_clock::time_point time, LogLevel level,
                           std::string_view message, std::initializer_list<LogAttribute> attributes,
                           std::string_view trace_id) {
  std::string line = fmt::format(
      "{{\"time\":\"{}\",\"level\":\"{}\",\"msg\":", FormatRfc3339Nano(time), LogLevelName(level));
  AppendJsonString(message, line);
  for (const auto& [name, value] : attributes) {
    line += ',';
    AppendJsonString(name, line);
    line += ':';
    AppendJsonString(value, line);
  }
  if (!trace_id.empty()) {
    line += R"(,"trace_id":)";
    AppendJsonString(trace_id, line);
  }
  line += '}';
  return line;
}

}  // namespace cocos
