#include "attestation/policy/values.h"

#include <algorithm>
#include <charconv>

#include "crypto/digest.h"

namespace cocos::attestation::policy {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool AllDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, IsDigit);
}

// Digits in one base and nothing else.
bool ParseDigits(std::string_view text, int base, std::uint64_t& value) {
  const char* end = text.data() + text.size();
  const auto [stopped, code] = std::from_chars(text.data(), end, value, base);
  return code == std::errc() && stopped == end;
}

tl::unexpected<Error> WantUnsigned(std::string_view text, std::uint64_t max) {
  return Fail(ErrorCode::kMalformed, "{:?}: want a whole number from 0 to {}", text, max);
}

// The parts of a JSON number.
struct Decimal {
  std::string_view whole;
  std::string_view fraction;
  std::string_view exponent;  // without its sign
  bool negative_exponent = false;
};

// Cuts off what follows the first of `marks`; the rest stays in `text`.
std::string_view SplitAt(std::string_view& text, std::string_view marks, bool& found) {
  const std::size_t at = text.find_first_of(marks);
  found = at != std::string_view::npos;
  if (!found) return {};
  const std::string_view behind = text.substr(at + 1);
  text = text.substr(0, at);
  return behind;
}

bool Split(std::string_view text, Decimal& parts) {
  bool has_exponent = false;
  bool has_fraction = false;
  parts.exponent = SplitAt(text, "eE", has_exponent);
  parts.fraction = SplitAt(text, ".", has_fraction);
  parts.whole = text;
  if (parts.exponent.starts_with('-') || parts.exponent.starts_with('+')) {
    parts.negative_exponent = parts.exponent.front() == '-';
    parts.exponent.remove_prefix(1);
  }
  const bool leading_zero = parts.whole.size() > 1 && parts.whole.front() == '0';
  return AllDigits(parts.whole) && !leading_zero && (!has_fraction || AllDigits(parts.fraction)) &&
         (!has_exponent || AllDigits(parts.exponent));
}

// The digits of a whole number; false if its value is not whole or is far beyond 64 bits.
bool WholeDigits(const Decimal& parts, std::string& digits) {
  constexpr std::uint64_t kMostExponent = 64;
  std::uint64_t exponent = 0;
  if (!parts.exponent.empty() && !ParseDigits(parts.exponent, 10, exponent)) return false;
  if (exponent > kMostExponent) return false;
  digits = std::string(parts.whole) + std::string(parts.fraction);
  auto shift = static_cast<std::ptrdiff_t>(exponent);
  if (parts.negative_exponent) shift = -shift;
  shift -= static_cast<std::ptrdiff_t>(parts.fraction.size());
  for (; shift > 0; --shift) digits.push_back('0');
  for (; shift < 0; ++shift) {
    if (digits.back() != '0') return false;
    if (digits.size() > 1) digits.pop_back();
  }
  return true;
}

}  // namespace

Result<std::uint64_t> ParseUnsigned(std::string_view text, std::uint64_t max) {
  const bool hexadecimal = text.starts_with("0x");
  const std::string_view digits = hexadecimal ? text.substr(2) : text;
  const bool leading_zero = !hexadecimal && digits.size() > 1 && digits.front() == '0';
  std::uint64_t value = 0;
  if (leading_zero || !ParseDigits(digits, hexadecimal ? 16 : 10, value) || value > max) {
    return WantUnsigned(text, max);
  }
  return value;
}

Result<std::uint64_t> ParseJsonUnsigned(std::string_view text, std::uint64_t max) {
  Decimal parts;
  std::string digits;
  std::uint64_t value = 0;
  const bool good = Split(text, parts) && WholeDigits(parts, digits) &&
                    ParseDigits(digits, 10, value) && value <= max;
  if (!good) return WantUnsigned(text, max);
  return value;
}

Result<std::vector<std::byte>> ParseJsonBytes(std::string_view text) {
  const bool url = text.find_first_of("-_") != std::string_view::npos;
  if (url && text.find_first_of("+/") != std::string_view::npos) {
    return Fail(ErrorCode::kMalformed, "base64: two alphabets in one value");
  }
  std::string standard(text);
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  while (standard.size() % 4 != 0) standard.push_back('=');
  return crypto::Base64Decode(standard);
}

Result<std::pair<std::uint8_t, std::uint8_t>> ParseVersion(std::string_view text) {
  constexpr std::uint64_t kMost = 255;
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) {
    return Fail(ErrorCode::kMalformed, "{:?}: want <major>.<minor>", text);
  }
  const std::uint64_t major = COCOS_TRY(ParseUnsigned(text.substr(0, dot), kMost));
  const std::uint64_t minor = COCOS_TRY(ParseUnsigned(text.substr(dot + 1), kMost));
  return std::pair{static_cast<std::uint8_t>(major), static_cast<std::uint8_t>(minor)};
}

std::string CamelCase(std::string_view snake_case) {
  std::string text;
  bool upper = false;
  for (const char c : snake_case) {
    if (c == '_') {
      upper = true;
      continue;
    }
    text.push_back(upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    upper = false;
  }
  return text;
}

}  // namespace cocos::attestation::policy
