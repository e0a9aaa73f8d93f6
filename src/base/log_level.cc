#include "base/log_level.h"

#include <array>
#include <charconv>
#include <optional>

namespace cocos {
namespace {

constexpr std::array kLevels = {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn,
                                LogLevel::kError};

bool EqualsIgnoringCase(std::string_view text, std::string_view upper) {
  if (text.size() != upper.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char folded = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (folded != upper[i]) return false;
  }
  return true;
}

std::optional<int> LevelNamed(std::string_view name) {
  for (const LogLevel level : kLevels) {
    if (EqualsIgnoringCase(name, LogLevelName(level))) return LogLevelNumber(level);
  }
  return std::nullopt;
}

// "+2" or "-1"; from_chars takes the minus sign but not the plus sign.
std::optional<int> ParseOffset(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() == '+') {
    text.remove_prefix(1);
    if (text.empty() || text.front() == '-') return std::nullopt;
  }
  int offset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  constexpr int kLargestOffset = 1'000'000;
  if (offset > kLargestOffset || offset < -kLargestOffset) return std::nullopt;
  return offset;
}

}  // namespace

int LogLevelNumber(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return -4;
    case LogLevel::kInfo:
      return 0;
    case LogLevel::kWarn:
      return 4;
    case LogLevel::kError:
      return 8;
  }
  return 8;
}

std::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarn:
      return "WARN";
    case LogLevel::kError:
      return "ERROR";
  }
  return "ERROR";
}

Result<LogThreshold> ParseLogThreshold(std::string_view text) {
  const std::size_t sign = text.find_first_of("+-");
  const std::optional<int> level = LevelNamed(text.substr(0, sign));
  const std::optional<int> offset =
      sign == std::string_view::npos ? 0 : ParseOffset(text.substr(sign));
  if (!level || !offset) {
    return Fail(ErrorCode::kInvalidArgument,
                "log level \"{}\": want debug, info, warn or error, with an optional offset as in "
                "INFO+2",
                text);
  }
  return LogThreshold{*level + *offset};
}

}  // namespace cocos
