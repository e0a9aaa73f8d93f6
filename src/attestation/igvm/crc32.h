// The checksum of an IGVM file: CRC-32 as in IEEE 802.3 and zlib (reflected, polynomial
// 0xEDB88320).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cocos::attestation::igvm {

// A checksum over bytes that come in pieces.
class Crc32 {
 public:
  void Update(std::span<const std::byte> bytes);
  std::uint32_t value() const { return ~state_; }

 private:
  std::uint32_t state_ = 0xFFFFFFFF;
};

}  // namespace cocos::attestation::igvm
