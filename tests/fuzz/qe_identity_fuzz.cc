// QE identities: their signed envelope, and their inside as if the signature had been good.
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/tdx/qe_identity.h"
#include "attestation/tdx/signed_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::tdx;
  std::span<const std::byte> object = std::as_bytes(std::span(data, size));
  if (const auto envelope = CutSignedJson(object, "enclaveIdentity")) object = envelope->object;
  const auto identity = ParseQeIdentity(object);
  COCOS_CHECK(!identity || !identity->levels.empty());
  return 0;
}
