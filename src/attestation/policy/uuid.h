// UUIDs of CoRIM documents. RFC 9562.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace cocos::attestation::policy {

// In the byte order of the text.
using Uuid = std::array<std::byte, 16>;

// Lower case with dashes.
std::string UuidText(const Uuid& uuid);

// Version 5: made of a name, the same for the same name. Section 5.5.
Uuid NameUuid(const Uuid& name_space, std::string_view name);

// Of the variant of RFC 9562 and not the nil UUID; readers of CoRIM refuse others.
bool IsUsableUuid(const Uuid& uuid);

}  // namespace cocos::attestation::policy
