#include "domain/rfc3339.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <optional>

namespace cocos::domain {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
constexpr std::size_t kMaxFractionDigits = 9;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool HasShape(std::string_view text) {
  return text.size() == kShape.size() &&
         std::equal(text.begin(), text.end(), kShape.begin(),
                    [](char c, char wanted) { return wanted == 'd' ? IsDigit(c) : c == wanted; });
}

// Of digits only.
int Number(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

// ".5" is half a second. Empty is zero.
std::optional<nanoseconds> ParseFraction(std::string_view text) {
  if (text.empty()) return nanoseconds(0);
  std::string digits(text.substr(1));
  const bool is_good = text.front() == '.' && !digits.empty() &&
                       digits.size() <= kMaxFractionDigits && std::ranges::all_of(digits, IsDigit);
  if (!is_good) return std::nullopt;
  digits.resize(kMaxFractionDigits, '0');
  return nanoseconds(Number(digits));
}

std::optional<year_month_day> ParseDate(std::string_view text) {
  const year_month_day date(std::chrono::year(Number(text.substr(0, 4))),
                            std::chrono::month(static_cast<unsigned>(Number(text.substr(5, 2)))),
                            std::chrono::day(static_cast<unsigned>(Number(text.substr(8, 2)))));
  // Nanoseconds in 64 bits reach from 1677 to 2262.
  const bool fits = date.year() > std::chrono::year(1677) && date.year() < std::chrono::year(2262);
  if (!date.ok() || !fits) return std::nullopt;
  return date;
}

std::optional<seconds> ParseTimeOfDay(std::string_view text) {
  const int hour = Number(text.substr(0, 2));
  const int minute = Number(text.substr(3, 2));
  const int second = Number(text.substr(6, 2));
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return hours(hour) + minutes(minute) + seconds(second);
}

std::optional<TimePoint> Parse(std::string_view text) {
  if (text.empty() || text.back() != 'Z') return std::nullopt;
  text.remove_suffix(1);
  const std::string_view whole = text.substr(0, kShape.size());
  if (!HasShape(whole)) return std::nullopt;
  const std::optional<year_month_day> date = ParseDate(whole.substr(0, 10));
  const std::optional<seconds> time_of_day = ParseTimeOfDay(whole.substr(11));
  const std::optional<nanoseconds> fraction = ParseFraction(text.substr(kShape.size()));
  if (!date || !time_of_day || !fraction) return std::nullopt;
  return TimePoint(sys_days(*date)) + *time_of_day + *fraction;
}

}  // namespace

std::string FormatTime(TimePoint time) {
  const auto day = std::chrono::floor<days>(time);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss<nanoseconds> clock(time - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0) text += fmt::format(".{:09}", clock.subseconds().count());
  return text + "Z";
}

Result<TimePoint> ParseTime(std::string_view text) {
  if (const std::optional<TimePoint> time = Parse(text)) return *time;
  return Fail(ErrorCode::kMalformed,
              "time \"{}\": want RFC 3339 in UTC, like 2026-01-02T03:04:05.123Z", text);
}

}  // namespace cocos::domain
