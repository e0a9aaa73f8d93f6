#include "attestation/cbor/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace cocos::attestation::cbor {
namespace {

using Bytes = std::vector<std::byte>;

// RFC 3629 section 3 with `size` bytes, be they too many or not enough.
Bytes EncodeWith(std::uint32_t character, int size) {
  if (size == 1) return {static_cast<std::byte>(character)};
  constexpr std::uint32_t kLead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  Bytes bytes;
  for (int shift = 6 * (size - 1); shift >= 0; shift -= 6) {
    const std::uint32_t bits = character >> shift;
    bytes.push_back(
        static_cast<std::byte>(bytes.empty() ? kLead[size] | bits : 0x80 | (bits & 63)));
  }
  return bytes;
}

int ShortestSize(std::uint32_t character) {
  if (character < 0x80) return 1;
  if (character < 0x800) return 2;
  return character < 0x10000 ? 3 : 4;
}

// Every character up to U+FFFF, and both ends of each block of 64 above, which differ in their last
// byte alone.
TEST(Utf8, TakesEveryCharacterButSurrogates) {
  for (std::uint32_t character = 0; character <= 0x10ffff; character += character < 0x10000   ? 1
                                                                        : character % 64 == 0 ? 63
                                                                                              : 1) {
    const bool surrogate = character >= 0xd800 && character <= 0xdfff;
    ASSERT_EQ(IsUtf8(EncodeWith(character, ShortestSize(character))), !surrogate) << character;
  }
}

TEST(Utf8, RefusesEveryLongerForm) {
  for (std::uint32_t character = 0; character < 0x10000; ++character) {
    for (int size = ShortestSize(character) + 1; size <= 4; ++size) {
      ASSERT_FALSE(IsUtf8(EncodeWith(character, size))) << character << ", " << size;
    }
  }
}

TEST(Utf8, RefusesEverythingAboveTheLastCharacter) {
  ASSERT_TRUE(IsUtf8(EncodeWith(0x10ffff, 4)));
  // The first of each block of 64, which differ in their last byte alone.
  for (std::uint32_t character = 0x110000; character <= 0x1fffff; character += 64) {
    ASSERT_FALSE(IsUtf8(EncodeWith(character, 4))) << character;
  }
}

TEST(Utf8, RefusesACutOrForeignByteInEverySequence) {
  for (const std::uint32_t character : {0x80u, 0x7ffu, 0x800u, 0xffffu, 0x10000u, 0x10ffffu}) {
    const Bytes whole = EncodeWith(character, ShortestSize(character));
    for (std::size_t i = 1; i < whole.size(); ++i) {
      EXPECT_FALSE(IsUtf8(std::span(whole).first(i))) << character << ", " << i;
      for (const unsigned foreign : {0x00u, 0x7fu, 0xc0u, 0xffu}) {
        Bytes changed = whole;
        changed[i] = static_cast<std::byte>(foreign);
        EXPECT_FALSE(IsUtf8(changed)) << character << ", " << i << ", " << foreign;
      }
    }
  }
}

}  // namespace
}  // namespace cocos::attestation::cbor
