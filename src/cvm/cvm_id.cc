#include "cvm/cvm_id.h"

#include <sys/random.h>

#include <array>
#include <cstdint>

namespace cocos::cvm {
namespace {

constexpr std::size_t kTextSize = 36;

bool IsDashPosition(std::size_t index) {
  return index == 8 || index == 13 || index == 18 || index == 23;
}

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

char ToLower(char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

CvmId CvmId::Random() {
  std::array<std::uint8_t, 16> bytes;
  // Up to 256 bytes come whole and uninterrupted once the kernel's generator is seeded.
  COCOS_CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);  // RFC 9562, version 4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);  // variant 1
  std::string text;
  text.reserve(kTextSize);
  for (const std::uint8_t byte : bytes) {
    if (IsDashPosition(text.size())) text += '-';
    text += fmt::format("{:02x}", byte);
  }
  return CvmId(std::move(text));
}

Result<CvmId> CvmId::Parse(std::string_view text) {
  std::string canonical;
  bool valid = text.size() == kTextSize;
  for (std::size_t i = 0; valid && i < text.size(); ++i) {
    valid = IsDashPosition(i) ? text[i] == '-' : IsHexDigit(text[i]);
    canonical += ToLower(text[i]);
  }
  if (!valid) {
    return Fail(ErrorCode::kInvalidArgument, "CVM id of {} characters: want a UUID", text.size());
  }
  return CvmId(std::move(canonical));
}

}  // namespace cocos::cvm
