#include "base/go_duration.h"

#include <cstdint>
#include <limits>
#include <optional>

namespace cocos {
namespace {

constexpr std::uint64_t kMaxMagnitude = std::uint64_t{1} << 63;  // Go: 1<<63 is legal when negative

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      quoted += fmt::format("\\x{:02x}", byte);  // as Go's quote() in time/format.go
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::optional<std::uint64_t> UnitNanoseconds(std::string_view unit) {
  if (unit == "ns") return 1;
  if (unit == "us" || unit == "\u00b5s" || unit == "\u03bcs") return 1'000;
  if (unit == "ms") return 1'000'000;
  if (unit == "s") return 1'000'000'000;
  if (unit == "m") return 60'000'000'000;
  if (unit == "h") return 3'600'000'000'000;
  return std::nullopt;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads digits; false on overflow past 2^63.
bool TakeInteger(std::string_view& text, std::uint64_t& value) {
  value = 0;
  while (!text.empty() && IsDigit(text.front())) {
    if (value > kMaxMagnitude / 10) return false;
    value = value * 10 + static_cast<std::uint64_t>(text.front() - '0');
    if (value > kMaxMagnitude) return false;
    text.remove_prefix(1);
  }
  return true;
}

// Reads fraction digits; like Go, silently stops gaining precision where the value would overflow.
void TakeFraction(std::string_view& text, std::uint64_t& value, double& scale) {
  value = 0;
  scale = 1;
  bool overflow = false;
  while (!text.empty() && IsDigit(text.front())) {
    const auto digit = static_cast<std::uint64_t>(text.front() - '0');
    text.remove_prefix(1);
    if (overflow) continue;
    if (value > (kMaxMagnitude - 1) / 10 || value * 10 + digit > kMaxMagnitude) {
      overflow = true;
      continue;
    }
    value = value * 10 + digit;
    scale *= 10;
  }
}

// Reads one number and its unit and adds it to `total`.
Result<void> TakeComponent(std::string_view& text, std::string_view whole, std::uint64_t& total) {
  const auto invalid = [whole] {
    return Fail(ErrorCode::kInvalidArgument, "time: invalid duration {}", Quote(whole));
  };
  if (text.front() != '.' && !IsDigit(text.front())) return invalid();

  const std::size_t before_integer = text.size();
  std::uint64_t value = 0;
  if (!TakeInteger(text, value)) return invalid();
  bool has_digits = text.size() != before_integer;
  std::uint64_t fraction = 0;
  double scale = 1;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    const std::size_t before_fraction = text.size();
    TakeFraction(text, fraction, scale);
    has_digits = has_digits || text.size() != before_fraction;
  }
  if (!has_digits) return invalid();

  std::size_t unit_size = 0;
  while (unit_size < text.size() && text[unit_size] != '.' && !IsDigit(text[unit_size])) {
    ++unit_size;
  }
  const std::string_view unit_name = text.substr(0, unit_size);
  text.remove_prefix(unit_size);
  if (unit_name.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "time: missing unit in duration {}", Quote(whole));
  }
  const std::optional<std::uint64_t> unit = UnitNanoseconds(unit_name);
  if (!unit) {
    return Fail(ErrorCode::kInvalidArgument, "time: unknown unit {} in duration {}",
                Quote(unit_name), Quote(whole));
  }
  if (value > kMaxMagnitude / *unit) return invalid();
  value *= *unit;
  value += static_cast<std::uint64_t>(static_cast<double>(fraction) *
                                      (static_cast<double>(*unit) / scale));
  if (value > kMaxMagnitude || total + value > kMaxMagnitude) return invalid();
  total += value;
  return {};
}

// Digits of `value` / 10^`digits` with trailing zeros of the fraction removed: "1.5".
std::string Decimal(std::uint64_t value, unsigned digits) {
  std::uint64_t divisor = 1;
  for (unsigned i = 0; i < digits; ++i) divisor *= 10;
  std::string text = fmt::format("{}", value / divisor);
  std::uint64_t fraction = value % divisor;
  if (fraction == 0) return text;
  std::string fraction_text = fmt::format("{:0{}}", fraction, digits);
  fraction_text.erase(fraction_text.find_last_not_of('0') + 1);
  return text + "." + fraction_text;
}

}  // namespace

Result<std::chrono::nanoseconds> ParseGoDuration(std::string_view text) {
  const std::string_view whole = text;
  const auto invalid = [whole] {
    return Fail(ErrorCode::kInvalidArgument, "time: invalid duration {}", Quote(whole));
  };
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return invalid();
  std::uint64_t total = 0;
  while (!text.empty()) COCOS_TRY(TakeComponent(text, whole, total));
  if (negative) {
    if (total == kMaxMagnitude) {
      return std::chrono::nanoseconds(std::numeric_limits<std::int64_t>::min());
    }
    return std::chrono::nanoseconds(-static_cast<std::int64_t>(total));
  }
  if (total > kMaxMagnitude - 1) return invalid();
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

std::string FormatGoDuration(std::chrono::nanoseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  // Negating in unsigned arithmetic keeps the most negative value exact.
  const std::uint64_t magnitude =
      count < 0 ? ~static_cast<std::uint64_t>(count) + 1 : static_cast<std::uint64_t>(count);
  const std::string sign = count < 0 ? "-" : "";
  constexpr std::uint64_t kSecond = 1'000'000'000;
  if (magnitude < 1'000) return fmt::format("{}{}ns", sign, magnitude);
  if (magnitude < 1'000'000) return sign + Decimal(magnitude, 3) + "\u00b5s";
  if (magnitude < kSecond) return sign + Decimal(magnitude, 6) + "ms";
  const std::uint64_t minutes = magnitude / (60 * kSecond);
  const std::string seconds = Decimal(magnitude % (60 * kSecond), 9) + "s";
  if (minutes == 0) return sign + seconds;
  if (minutes < 60) return fmt::format("{}{}m{}", sign, minutes, seconds);
  return fmt::format("{}{}h{}m{}", sign, minutes / 60, minutes % 60, seconds);
}

}  // namespace cocos
