// Checks of single values before they enter a document. All errors are kInvalidArgument and name
// the field; the value is quoted only where it is short and harmless to print.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cocos::domain {

// No value of ours is longer; the largest is a kernel command line.
inline constexpr std::size_t kMaxTextBytes = 64u << 10;

// Valid UTF-8 without control characters or non-characters, at most kMaxTextBytes: what XML can
// carry and libvirt gives back unchanged.
Result<void> CheckText(std::string_view field, std::string_view value);
// CheckText, and not empty.
Result<void> CheckFilled(std::string_view field, std::string_view value);
// CheckText, and starts with '/' and names something below it.
Result<void> CheckAbsolutePath(std::string_view field, std::string_view value);
// Empty or standard base64 with padding of exactly `bytes` bytes.
Result<void> CheckBase64(std::string_view field, std::string_view value, std::size_t bytes);
// An IPv4 or IPv6 address in numbers.
Result<void> CheckAddress(std::string_view field, const std::string& value);
// 8-4-4-4-12 lower-case hexadecimal digits.
Result<void> CheckUuid(std::string_view field, std::string_view value);
// Only the characters libvirt's schema and QEMU's option syntax allow in machine and CPU names.
Result<void> CheckName(std::string_view field, std::string_view value);
// At least two lower-case hexadecimal digits, two for each byte.
Result<void> CheckHex(std::string_view field, std::string_view value);

}  // namespace cocos::domain
