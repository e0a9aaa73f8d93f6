// TPMT_SIGNATURE.
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/vtpm/tpm_types.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::vtpm;
  const auto signature = ParseSignature(std::as_bytes(std::span(data, size)));
  if (!signature) {
    COCOS_CHECK(!signature.error().reason().empty());
    return 0;
  }
  // Every byte is scheme, digest, a size or content.
  const bool is_rsa = signature->scheme != SignatureScheme::kEcdsa;
  const std::size_t content = is_rsa ? 2 + signature->rsa.size()
                                     : 4 + signature->ecdsa.r.size() + signature->ecdsa.s.size();
  COCOS_CHECK(4 + content == size);
  return 0;
}
