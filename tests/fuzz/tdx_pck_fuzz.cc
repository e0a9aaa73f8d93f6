// The SGX extension of PCK certificates.
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/tdx/pck.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::tdx;
  const auto info = ParseSgxExtension(std::as_bytes(std::span(data, size)));
  COCOS_CHECK(info || info.error().reason() == "UnsupportedQuote");
  return 0;
}
