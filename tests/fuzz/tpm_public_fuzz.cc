// TPMT_PUBLIC with and without size, and the key inside.
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/vtpm/binding.h"
#include "attestation/vtpm/quote.h"
#include "attestation/vtpm/tpm_types.h"

namespace {

using namespace cocos::attestation::vtpm;

void Use(const cocos::Result<PublicArea>& area) {
  if (!area) {
    COCOS_CHECK(!area.error().reason().empty());
    return;
  }
  COCOS_CHECK(area->name.size() == 2 + cocos::crypto::DigestSize(area->name_digest));
  const auto key = AttestationKey::FromPublicArea(*area);
  // No key can be for signing and for decrypting.
  COCOS_CHECK(!key || !CheckEndorsementKey(*area));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  Use(ParsePublicArea(bytes));
  Use(ParseSizedPublicArea(bytes));
  return 0;
}
