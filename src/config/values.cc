#include "config/values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
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

bool IsAlphanumeric(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsBase64Character(char c) { return IsAlphanumeric(c) || c == '+' || c == '/'; }

// Whether the last character before `padding` carries no bits beyond the last byte: two for one
// '=', four for two.
bool IsCanonicalEnd(char last, std::size_t padding) {
  if (padding == 0) return true;
  constexpr std::string_view kEndsOfOne = "AEIMQUYcgkosw048";
  constexpr std::string_view kEndsOfTwo = "AQgw";
  return (padding == 1 ? kEndsOfOne : kEndsOfTwo).find(last) != std::string_view::npos;
}

std::optional<std::uint64_t> MemoryUnitKib(char suffix) {
  switch (suffix) {
    case 'k':
    case 'K':
      return 1;
    case 'm':
    case 'M':
      return 1024;
    case 'g':
    case 'G':
      return 1024 * 1024;
    case 't':
    case 'T':
      return 1024ull * 1024 * 1024;
    default:
      return std::nullopt;
  }
}

// A decimal with optional fraction times `unit`; no value unless the result is whole.
std::optional<std::uint64_t> ScaleExactly(std::string_view text, std::uint64_t unit) {
  constexpr std::size_t kMaxDigits = 9;             // 10^9 times the largest unit fits in 64 bits
  constexpr std::uint64_t kMaxResult = 1ull << 52;  // KiB, 4 EiB: more than any address space
  const auto point = text.find('.');
  std::uint64_t whole = 0;
  if (!ParseWhole(text.substr(0, point), whole) || whole > kMaxResult / unit) return std::nullopt;
  if (point == std::string_view::npos) return whole * unit;
  const std::string_view digits = text.substr(point + 1);
  std::uint64_t fraction = 0;
  if (digits.size() > kMaxDigits || !ParseWhole(digits, fraction)) return std::nullopt;
  std::uint64_t divisor = 1;
  for (std::size_t i = 0; i < digits.size(); ++i) divisor *= 10;
  if (fraction * unit % divisor != 0) return std::nullopt;
  return whole * unit + fraction * unit / divisor;
}

// A host name, an IPv4 address, or an IPv6 address in brackets.
bool IsHost(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    const std::string address(text.substr(1, text.size() - 2));
    in6_addr unused;
    return ::inet_pton(AF_INET6, address.c_str(), &unused) == 1;
  }
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return IsAlphanumeric(c) || c == '-' || c == '.' || c == '_';
  });
}

bool IsHostPort(std::string_view text) {
  const auto colon = text.rfind(':');
  std::uint16_t port = 0;
  return colon != std::string_view::npos && IsHost(text.substr(0, colon)) &&
         ParseWhole(text.substr(colon + 1), port) && port != 0;
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
  constexpr std::string_view kAccepted =
      "a memory size that is whole MiB above zero, such as 2048M, 1.5G or 30G";
  std::string_view number = text;
  std::optional<std::uint64_t> unit_kib = 1024;
  if (!text.empty() && !IsDigit(text.back())) {
    number.remove_suffix(1);
    unit_kib = MemoryUnitKib(text.back());
  }
  if (!unit_kib) return Want(text, kAccepted);
  const std::optional<std::uint64_t> kib = ScaleExactly(number, *unit_kib);
  if (!kib || *kib == 0 || *kib % 1024 != 0) return Want(text, kAccepted);
  return *kib / 1024;
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

Result<unsigned> ParsePciSlot(std::string_view text) {
  constexpr unsigned kFirst = 1;
  constexpr unsigned kLast = 0x1e;
  std::string_view digits = text;
  if (digits.ends_with(".0")) digits.remove_suffix(2);
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  unsigned slot = 0;
  if (ParseWhole(digits, slot, 16) && slot >= kFirst && slot <= kLast) return slot;
  return Want(text, "a PCI slot in hexadecimal from 0x1 to 0x1e, function 0");
}

Result<std::string> ParseGpuAddress(std::string_view text) {
  std::string_view rest = text;
  const auto field = [&rest](std::size_t digits, unsigned max) {
    unsigned value = 0;
    const bool good = ParseWhole(rest.substr(0, digits), value, 16) && value <= max;
    rest.remove_prefix(std::min(digits, rest.size()));
    return good;
  };
  const auto mark = [&rest](char wanted) {
    const bool good = rest.starts_with(wanted);
    if (good) rest.remove_prefix(1);
    return good;
  };
  const bool has_domain = std::ranges::count(text, ':') == 2;
  const bool good = (!has_domain || (field(4, 0xffff) && mark(':'))) && field(2, 0xff) &&
                    mark(':') && field(2, 0x1f) && mark('.') && field(1, 7) && rest.empty();
  if (good || text == "auto") return std::string(text);
  return Want(text, "auto or a PCI address such as 0000:41:00.0");
}

Result<std::string> ParseHostPort(std::string_view text) {
  if (text.empty() || IsHostPort(text)) return std::string(text);
  return Want(text, "<host>:<port> such as cms.example.com:7001 or [::1]:7001");
}

Result<std::string> ParseHttpUrl(std::string_view text) {
  constexpr std::array<std::string_view, 2> kSchemes = {"http://", "https://"};
  std::string_view rest = text;
  for (const std::string_view scheme : kSchemes) {
    if (text.starts_with(scheme)) rest = text.substr(scheme.size());
  }
  const std::string_view authority = rest.substr(0, rest.find('/'));
  const std::string_view path = rest.substr(authority.size());
  const bool good =
      rest.size() < text.size() && (IsHost(authority) || IsHostPort(authority)) &&
      std::ranges::all_of(path, [](char c) { return c > ' ' && c <= '~' && c != '?' && c != '#'; });
  if (good) return std::string(text);
  return Want(text, "a URL such as http://localhost:4318");
}

Result<std::uint64_t> ParseSnpPolicy(std::string_view text) {
  constexpr std::uint64_t kMustBeOne = 1ull << 17;
  constexpr std::uint64_t kReserved = ~((1ull << 26) - 1);
  const std::uint64_t policy =
      COCOS_TRY(ParseUnsigned(text, std::numeric_limits<std::uint64_t>::max()));
  if ((policy & kMustBeOne) == 0) return Want(text, "bit 17 set, as in 0x30000");
  if ((policy & kReserved) != 0) return Want(text, "bits 26 to 63 clear, as in 0x30000");
  return policy;
}

Result<std::string> ParseBase64(std::string_view text, std::size_t bytes) {
  if (text.empty()) return std::string();
  const std::size_t padding = (3 - bytes % 3) % 3;
  const std::size_t size = (bytes + 2) / 3 * 4;
  const std::string_view body = text.substr(0, text.size() - std::min(padding, text.size()));
  const bool valid = text.size() == size && std::ranges::all_of(body, IsBase64Character) &&
                     std::ranges::all_of(text.substr(body.size()), [](char c) { return c == '='; });
  if (valid && !IsCanonicalEnd(body.back(), padding)) {
    return Fail(ErrorCode::kInvalidArgument,
                "base64 of {} bytes: bits behind the last byte are set; is the end of the text cut "
                "off or changed?",
                bytes);
  }
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
