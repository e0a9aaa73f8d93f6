// Deterministic CBOR (RFC 8949 section 4.2.1): shortest heads, definite lengths, map keys sorted by
// their encoded bytes. Functions from values to bytes; what is inside comes already encoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string_view>
#include <vector>

namespace cocos::attestation::cbor {

using Encoding = std::vector<std::byte>;

Encoding EncodeUnsigned(std::uint64_t value);
Encoding EncodeInteger(std::int64_t value);
Encoding EncodeBytes(std::span<const std::byte> bytes);
// `text` must be UTF-8.
Encoding EncodeText(std::string_view text);
Encoding EncodeBool(bool value);
Encoding EncodeNull();
Encoding EncodeArray(std::span<const Encoding> items);
Encoding EncodeArray(std::initializer_list<Encoding> items);
Encoding EncodeTagged(std::uint64_t tag, const Encoding& item);

// Collects the members of one map. COCOS_CHECKs that no key comes twice.
class MapEncoder {
 public:
  MapEncoder& Add(std::int64_t key, Encoding value);
  MapEncoder& Add(std::string_view key, Encoding value);
  Encoding Encode() const;

 private:
  MapEncoder& AddEncoded(Encoding key, Encoding value);

  // Ordered by the bytes of the key, which is the order of the standard.
  std::map<Encoding, Encoding> members_;
};

}  // namespace cocos::attestation::cbor
