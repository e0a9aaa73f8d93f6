#include "attestation/cbor/utf8.h"

#include <cstdint>

namespace cocos::attestation::cbor {
namespace {

// The shape of one sequence by its first byte; length 0: no sequence begins so.
struct Shape {
  std::size_t length = 0;
  // Bounds of the second byte: they keep out overlong forms, surrogates and values too large.
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xbf;
};

Shape ShapeOf(std::uint8_t first) {
  if (first < 0x80) return {1};
  if (first >= 0xc2 && first <= 0xdf) return {2};
  if (first == 0xe0) return {3, 0xa0, 0xbf};
  if (first == 0xed) return {3, 0x80, 0x9f};
  if (first >= 0xe1 && first <= 0xef) return {3};
  if (first == 0xf0) return {4, 0x90, 0xbf};
  if (first >= 0xf1 && first <= 0xf3) return {4};
  if (first == 0xf4) return {4, 0x80, 0x8f};
  return {};
}

bool IsSequence(std::span<const std::byte> bytes, const Shape& shape) {
  if (shape.length == 0 || shape.length > bytes.size()) return false;
  for (std::size_t i = 1; i < shape.length; ++i) {
    const auto byte = std::to_integer<std::uint8_t>(bytes[i]);
    const std::uint8_t min = i == 1 ? shape.second_min : std::uint8_t{0x80};
    const std::uint8_t max = i == 1 ? shape.second_max : std::uint8_t{0xbf};
    if (byte < min || byte > max) return false;
  }
  return true;
}

}  // namespace

bool IsUtf8(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const Shape shape = ShapeOf(std::to_integer<std::uint8_t>(bytes.front()));
    if (!IsSequence(bytes, shape)) return false;
    bytes = bytes.subspan(shape.length);
  }
  return true;
}

}  // namespace cocos::attestation::cbor
