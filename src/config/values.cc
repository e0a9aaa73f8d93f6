#include "config/values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <vector>

#include "base/log_level.h"

namespace cocos::config {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

template <typename Number>
bool ParseWhole(std::string_view text, Number& value, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

tl::unexpected<Error> Want(std::string_view text, std::string_view accepted) {
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want {}", text, accepted);
}

bool IsBase64Character(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/';
}

}  // namespace

Result<bool> ParseBool(std::string_view text) {
  constexpr std::array<std::string_view, 7> kTrue = {"1", "t", "T", "TRUE", "true", "True", "on"};
  constexpr std::array<std::string_view, 7> kFalse = {"0",     "f",     "F",  "FALSE",
                                                      "false", "False", "off"};
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  return Want(text, "true or false (also 1, t, T, TRUE, True, on, 0, f, F, FALSE, False, off)");
}

Result<std::uint64_t> ParseUnsigned(std::string_view text, std::uint64_t max) {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  std::uint64_t value = 0;
  const bool parsed = hexadecimal ? ParseWhole(text.substr(2), value, 16) : ParseWhole(text, value);
  if (!parsed || value > max) return Want(text, fmt::format("a number from 0 to {}", max));
  return value;
}

Result<std::int64_t> ParseSigned(std::string_view text) {
  std::int64_t value = 0;
  if (!ParseWhole(text, value)) return Want(text, "a whole number");
  return value;
}

Result<double> ParseRatio(std::string_view text) {
  double value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || !(value >= 0 && value <= 1)) return Want(text, "a number from 0 to 1");
  return value;
}

Result<std::uint16_t> ParsePort(std::string_view text, bool allow_any) {
  std::uint16_t port = 0;
  if (!ParseWhole(text, port) || (port == 0 && !allow_any)) {
    return Want(text, allow_any ? "a port from 0 (any) to 65535" : "a port from 1 to 65535");
  }
  return port;
}

Result<std::uint64_t> ParseMemoryMib(std::string_view text) {
  constexpr std::string_view kAccepted = "a memory size of whole MiB such as 2048M or 30G";
  std::string_view digits = text;
  std::uint64_t kib_per_unit = 1024;
  if (!text.empty() && !IsDigit(text.back())) {
    digits.remove_suffix(1);
    switch (text.back()) {
      case 'k':
      case 'K':
        kib_per_unit = 1;
        break;
      case 'm':
      case 'M':
        break;
      case 'g':
      case 'G':
        kib_per_unit = 1024 * 1024;
        break;
      case 't':
      case 'T':
        kib_per_unit = 1024ull * 1024 * 1024;
        break;
      default:
        return Want(text, kAccepted);
    }
  }
  std::uint64_t number = 0;
  constexpr std::uint64_t kMaxKib = 1ull << 52;  // 4 EiB: more than any address space
  if (!ParseWhole(digits, number) || number == 0 || number > kMaxKib / kib_per_unit) {
    return Want(text, kAccepted);
  }
  const std::uint64_t kib = number * kib_per_unit;
  if (kib % 1024 != 0) return Want(text, kAccepted);
  return kib / 1024;
}

Result<std::pair<std::uint16_t, std::uint16_t>> ParsePortRange(std::string_view text) {
  const auto dash = text.find('-');
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  if (dash == std::string_view::npos || !ParseWhole(text.substr(0, dash), first) ||
      !ParseWhole(text.substr(dash + 1), last) || first == 0) {
    // Upstream's text, and what it does not say.
    return Fail(ErrorCode::kInvalidArgument,
                "invalid input format: {}: want <first>-<last>, ports from 1 to 65535", text);
  }
  if (first > last) {
    return Fail(ErrorCode::kInvalidArgument, "invalid range: {}-{}: want the lower port first",
                first, last);
  }
  return std::pair(first, last);
}

Result<std::string> ParseBase64(std::string_view text, std::size_t bytes) {
  if (text.empty()) return std::string();
  const std::size_t padding = (3 - bytes % 3) % 3;
  const std::size_t size = (bytes + 2) / 3 * 4;
  const std::string_view body = text.substr(0, text.size() - std::min(padding, text.size()));
  const bool valid = text.size() == size && std::ranges::all_of(body, IsBase64Character) &&
                     std::ranges::all_of(text.substr(body.size()), [](char c) { return c == '='; });
  if (valid) return std::string(text);
  return Fail(ErrorCode::kInvalidArgument,
              "text of {} characters: want the base64 of {} bytes ({} characters)", text.size(),
              bytes, size);
}

Result<std::string> ParseLogLevel(std::string_view text) {
  if (ParseLogThreshold(text)) return std::string(text);
  return Want(text, "debug, info, warn or error, in any case, or with an offset as INFO+2");
}

Result<std::string> ParseAddress(std::string_view text) {
  const std::string address(text);
  std::array<unsigned char, sizeof(in6_addr)> unused;
  if (::inet_pton(AF_INET, address.c_str(), unused.data()) == 1 ||
      ::inet_pton(AF_INET6, address.c_str(), unused.data()) == 1) {
    return address;
  }
  return Want(text, "an IPv4 or IPv6 address such as 127.0.0.1, 0.0.0.0 or ::1");
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

}  // namespace cocos::config
