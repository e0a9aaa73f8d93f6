// GUIDs in the byte order of EFI: the first three fields little-endian. Not the order of SEV-SNP
// certificate tables.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace cocos::attestation::launch {

using Guid = std::array<std::byte, 16>;

// From the usual text of 36 characters, lower case. For constants: no error handling.
constexpr Guid ParseGuid(std::string_view text) {
  // Where each byte's two digits begin in the text.
  constexpr std::array<std::size_t, 16> kPositions = {6,  4,  2,  0,  11, 9,  16, 14,
                                                      19, 21, 24, 26, 28, 30, 32, 34};
  const auto digit = [text](std::size_t at) {
    const char c = text[at];
    return c <= '9' ? c - '0' : c - 'a' + 10;
  };
  Guid guid{};
  for (std::size_t i = 0; i < guid.size(); ++i) {
    guid[i] = static_cast<std::byte>(digit(kPositions[i]) << 4 | digit(kPositions[i] + 1));
  }
  return guid;
}

}  // namespace cocos::attestation::launch
