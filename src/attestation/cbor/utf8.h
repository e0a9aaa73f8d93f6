// UTF-8 as RFC 3629 has it.
#pragma once

#include <cstddef>
#include <span>

namespace cocos::attestation::cbor {

// Whether these bytes are well-formed: no overlong form, no surrogate, nothing above U+10FFFF.
bool IsUtf8(std::span<const std::byte> bytes);

}  // namespace cocos::attestation::cbor
