#include "collateral/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace cocos::collateral {
namespace {

constexpr std::chrono::seconds kLongest = std::chrono::years(1);
constexpr std::size_t kDateSize = 29;   // "Sun, 06 Nov 1994 08:49:37 GMT"
constexpr std::size_t kMaxDigits = 18;  // fits 64 bits

std::optional<std::int64_t> Number(std::string_view text) {
  if (text.empty() || text.size() > kMaxDigits ||
      text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<unsigned> Month(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* const found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<unsigned>(found - kNames.begin()) + 1;
}

// The day of the week is not looked at: it says nothing that the date does not.
std::optional<crypto::TimePoint> Date(std::string_view text) {
  if (text.size() != kDateSize || text.substr(3, 2) != ", " || !text.ends_with(" GMT") ||
      text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':') {
    return std::nullopt;
  }
  const auto day = Number(text.substr(5, 2));
  const auto month = Month(text.substr(8, 3));
  const auto year = Number(text.substr(12, 4));
  const auto hour = Number(text.substr(17, 2));
  const auto minute = Number(text.substr(20, 2));
  const auto second = Number(text.substr(23, 2));
  if (!day || !month || !year || !hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace

std::optional<std::chrono::seconds> ParseRetryAfter(std::string_view value, crypto::TimePoint now) {
  if (const auto seconds = Number(value)) {
    return std::min(std::chrono::seconds(*seconds), kLongest);
  }
  const auto date = Date(value);
  if (!date) return std::nullopt;
  return std::clamp<std::chrono::seconds>(*date - now, std::chrono::seconds(0), kLongest);
}

}  // namespace cocos::collateral
