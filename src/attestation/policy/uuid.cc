#include "attestation/policy/uuid.h"

#include <algorithm>

#include "base/byte_reader.h"
#include "crypto/digest.h"

namespace cocos::attestation::policy {

std::string UuidText(const Uuid& uuid) {
  std::string text = crypto::HexEncode(uuid);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, 1, '-');
  return text;
}

Uuid NameUuid(const Uuid& name_space, std::string_view name) {
  ByteWriter input;
  input.Bytes(name_space).Text(name);
  const std::vector<std::byte> digest =
      crypto::DigestOf(crypto::DigestAlgorithm::kSha1, input.view());
  Uuid uuid{};
  std::copy_n(digest.begin(), uuid.size(), uuid.begin());
  uuid[6] = (uuid[6] & std::byte{0x0f}) | std::byte{0x50};  // version
  uuid[8] = (uuid[8] & std::byte{0x3f}) | std::byte{0x80};  // variant
  return uuid;
}

bool IsUsableUuid(const Uuid& uuid) { return (uuid[8] & std::byte{0xc0}) == std::byte{0x80}; }

}  // namespace cocos::attestation::policy
