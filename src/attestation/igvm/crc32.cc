#include "attestation/igvm/crc32.h"

#include <array>

namespace cocos::attestation::igvm {
namespace {

constexpr std::array<std::uint32_t, 256> MakeTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320 : 0);
    table[i] = value;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kTable = MakeTable();

}  // namespace

void Crc32::Update(std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) {
    state_ = (state_ >> 8) ^ kTable[(state_ ^ std::to_integer<std::uint32_t>(byte)) & 0xFF];
  }
}

}  // namespace cocos::attestation::igvm
