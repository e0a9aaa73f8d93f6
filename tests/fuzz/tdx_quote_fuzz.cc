// Quotes as a guest hands them out: the parser, and what is asked of a quote before it is verified.
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/tdx/quote.h"
#include "attestation/tdx/verify.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::tdx;
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  const auto quote = ParseQuote(bytes);
  if (!quote) {
    COCOS_CHECK(quote.error().reason() == "UnsupportedQuote");
    return 0;
  }
  const std::size_t parts = quote->signed_bytes.size() + 4 + 134 + 456 +
                            quote->qe_authentication_data.size() +
                            quote->certification_data.size() + quote->trailing_bytes;
  COCOS_CHECK(parts == size);
  static_cast<void>(CollateralFor(bytes));
  return 0;
}
