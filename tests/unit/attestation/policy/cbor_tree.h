// CBOR (RFC 8949) read and written for tests, independent of the reader and writer under test. What
// is read keeps the form it was written in, and everything that the format allows can be written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace cocos::attestation::policy::testing {

struct CborTree {
  unsigned major = 0;            // 0 to 7, RFC 8949 section 3.1
  std::uint64_t argument = 0;    // number, tag or simple value; of other kinds only when read
  unsigned width = 0;            // bytes that the argument has behind the initial byte
  bool indefinite = false;       // of 2 to 5
  std::vector<std::byte> bytes;  // of 2 and 3
  // Elements of 4, keys and values in turn of 5, the one content of 6.
  std::vector<CborTree> items;

  friend bool operator==(const CborTree&, const CborTree&) = default;
};

CborTree CborUnsigned(std::uint64_t value);
CborTree CborBytes(std::span<const std::byte> bytes);
CborTree CborText(std::string_view text);
CborTree CborNull();

// None for anything but one definite-length item that fills the bytes.
std::optional<CborTree> DecodeCbor(std::span<const std::byte> bytes);

// Counts are those of the items; a width that does not hold its argument is widened.
std::vector<std::byte> EncodeCbor(const CborTree& tree);

// The least width for an argument: 0, 1, 2, 4 or 8.
unsigned ShortestWidth(std::uint64_t argument);

// The tree and all below it, parents first. The tree must not grow while they are used.
std::vector<CborTree*> NodesOf(CborTree& tree);

// The value behind a number key of a map, or null.
CborTree* ValueOf(CborTree& map, std::uint64_t key);

}  // namespace cocos::attestation::policy::testing
