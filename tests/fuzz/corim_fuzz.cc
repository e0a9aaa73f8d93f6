// CoRIM documents, unsigned and signed. What is accepted is written, and that comes back and is
// written as the same bytes.
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/policy/corim.h"

namespace {

using namespace cocos::attestation::policy;

Uuid AnyUuid() {
  Uuid uuid{};
  uuid[8] = std::byte{0x80};
  return uuid;
}

void CheckRoundTrip(const Policy& policy) {
  const CorimIds ids = {.corim = AnyUuid(), .tag = AnyUuid(), .class_id = AnyUuid()};
  const auto written = WriteCorim(policy, ids);
  // A document at the bound may grow by the items that ours always has.
  if (!written) return;
  const auto back = ReadCorim(*written, nullptr);
  COCOS_CHECK(back.has_value());
  COCOS_CHECK(*WriteCorim(back->policy, ids) == *written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  static const cocos::crypto::VerifyingKey kKey =
      cocos::crypto::SigningKey::Generate(cocos::crypto::Curve::kP256).public_key();
  // Nobody signed with a key that was just made.
  COCOS_CHECK(!ReadCorim(bytes, &kKey).has_value());
  if (const auto read = ReadCorim(bytes, nullptr)) CheckRoundTrip(read->policy);
  return 0;
}
