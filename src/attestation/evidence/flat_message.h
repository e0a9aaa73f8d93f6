// Structures that came as protobuf messages, one field for each member: put back into their bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "attestation/evidence/protobuf.h"
#include "base/result.h"

namespace cocos::attestation {

// One member: where the value of a field goes.
struct FlatField {
  enum class Kind {
    kInteger,  // a varint, little-endian in `size` bytes; zero is absent on the wire
    kBytes,    // exactly `size` bytes, always present
  };

  std::uint32_t number = 0;
  Kind kind = Kind::kBytes;
  std::size_t offset = 0;
  std::size_t size = 0;
  // How many there are, one behind the other.
  std::size_t count = 1;
};

// Writes all fields of the message into `structure`, which must hold every offset of the table and
// be zero. An unknown field would be a member we drop, so it is refused. Errors: kMalformed for a
// missing or doubled field, bytes of another size, an integer that does not fit.
Result<void> RebuildStructure(std::span<const std::byte> message, std::span<const FlatField> fields,
                              std::string_view what, std::span<std::byte> structure);

}  // namespace cocos::attestation
