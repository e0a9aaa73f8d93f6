// The head of a CBOR item: shared by the checker and the views, private to this folder.
#pragma once

#include <cstdint>

#include "attestation/cbor/item.h"

namespace cocos::attestation::cbor {

struct Head {
  Type type = Type::kNull;
  std::uint64_t argument = 0;
};

// Reads one head, RFC 8949 section 3. Errors: kMalformed for all that the subset leaves out.
Result<Head> ReadHead(ByteReader& reader, std::string_view what);

}  // namespace cocos::attestation::cbor
