#include "domain/value_check.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>

namespace cocos::domain {
namespace {

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsBase64Digit(char c) { return IsAlphanumeric(c) || c == '+' || c == '/'; }

// How many bytes a UTF-8 sequence has by its first byte; 0 if none starts with it.
std::size_t SequenceLength(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

// Takes one code point off the front; false at bytes that are not UTF-8 (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF).
bool TakeCodePoint(std::string_view& text, std::uint32_t& code_point) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = SequenceLength(first);
  if (length == 0 || length > text.size()) return false;
  code_point = length == 1 ? first : first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0u) != 0x80u) return false;
    code_point = (code_point << 6) | (next & 0x3fu);
  }
  text.remove_prefix(length);
  const bool is_overlong =
      (length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000);
  const bool is_surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  return !is_overlong && !is_surrogate && code_point <= 0x10ffff;
}

bool IsControl(std::uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

bool IsNonCharacter(std::uint32_t code_point) {
  return (code_point & 0xfffe) == 0xfffe || (code_point >= 0xfdd0 && code_point <= 0xfdef);
}

constexpr std::size_t kUuidLength = 36;

bool IsUuid(std::string_view value) {
  if (value.size() != kUuidLength) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool wants_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (wants_dash ? value[i] != '-' : !IsLowerHex(value[i])) return false;
  }
  return true;
}

// The last digit of a group that is not full has bits that stand for nothing: they must be zero, so
// that there is one spelling for each value.
bool HasCleanTail(std::string_view digits, std::size_t padding) {
  constexpr std::string_view kFourZeroBits = "AQgw";
  constexpr std::string_view kTwoZeroBits = "AEIMQUYcgkosw048";
  if (padding == 0) return true;
  const std::string_view accepted = padding == 2 ? kFourZeroBits : kTwoZeroBits;
  return accepted.find(digits.back()) != std::string_view::npos;
}

bool IsBase64Of(std::string_view value, std::size_t bytes) {
  if (value.size() != (bytes + 2) / 3 * 4) return false;
  const std::size_t padding = (3 - bytes % 3) % 3;
  const std::string_view digits = value.substr(0, value.size() - padding);
  const std::string_view tail = value.substr(digits.size());
  return std::ranges::all_of(digits, IsBase64Digit) &&
         std::ranges::all_of(tail, [](char c) { return c == '='; }) &&
         HasCleanTail(digits, padding);
}

}  // namespace

Result<void> CheckText(std::string_view field, std::string_view value) {
  if (value.size() > kMaxTextBytes) {
    return Fail(ErrorCode::kInvalidArgument, "{}: {} bytes long, want at most {}", field,
                value.size(), kMaxTextBytes);
  }
  std::string_view rest = value;
  while (!rest.empty()) {
    const std::size_t offset = value.size() - rest.size();
    std::uint32_t code_point = 0;
    if (!TakeCodePoint(rest, code_point)) {
      return Fail(ErrorCode::kInvalidArgument, "{}: not valid UTF-8 at byte {}", field, offset);
    }
    if (IsControl(code_point) || IsNonCharacter(code_point)) {
      return Fail(ErrorCode::kInvalidArgument,
                  "{}: control character or non-character U+{:04X} at byte {}", field, code_point,
                  offset);
    }
  }
  return {};
}

Result<void> CheckFilled(std::string_view field, std::string_view value) {
  if (value.empty()) return Fail(ErrorCode::kInvalidArgument, "{}: empty, want a value", field);
  return CheckText(field, value);
}

Result<void> CheckAbsolutePath(std::string_view field, std::string_view value) {
  COCOS_TRY(CheckText(field, value));
  if (value.size() < 2 || value.front() != '/') {
    return Fail(ErrorCode::kInvalidArgument, "{} \"{}\": want an absolute path", field, value);
  }
  return {};
}

Result<void> CheckBase64(std::string_view field, std::string_view value, std::size_t bytes) {
  if (value.empty() || IsBase64Of(value, bytes)) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "{}: {} characters, want standard base64 of exactly {} bytes ({} characters)", field,
              value.size(), bytes, (bytes + 2) / 3 * 4);
}

Result<void> CheckAddress(std::string_view field, const std::string& value) {
  COCOS_TRY(CheckText(field, value));
  in6_addr address = {};
  // c_str() would hide what follows a NUL, but CheckText has refused that.
  if (::inet_pton(AF_INET, value.c_str(), &address) == 1) return {};
  if (::inet_pton(AF_INET6, value.c_str(), &address) == 1) return {};
  return Fail(ErrorCode::kInvalidArgument, "{} \"{}\": want an IPv4 or IPv6 address", field, value);
}

Result<void> CheckUuid(std::string_view field, std::string_view value) {
  COCOS_TRY(CheckText(field, value));
  if (IsUuid(value)) return {};
  return Fail(ErrorCode::kInvalidArgument, "{} \"{}\": want a UUID in lower case", field, value);
}

Result<void> CheckName(std::string_view field, std::string_view value) {
  COCOS_TRY(CheckFilled(field, value));
  const bool is_good = std::ranges::all_of(
      value, [](char c) { return IsAlphanumeric(c) || c == '_' || c == '.' || c == '-'; });
  if (is_good) return {};
  return Fail(ErrorCode::kInvalidArgument, "{} \"{}\": want only letters, digits, '.', '_' and '-'",
              field, value);
}

Result<void> CheckHex(std::string_view field, std::string_view value) {
  COCOS_TRY(CheckText(field, value));
  if (!value.empty() && value.size() % 2 == 0 && std::ranges::all_of(value, IsLowerHex)) return {};
  return Fail(ErrorCode::kInvalidArgument, "{} \"{}\": want lower-case hexadecimal digits in pairs",
              field, value);
}

}  // namespace cocos::domain
