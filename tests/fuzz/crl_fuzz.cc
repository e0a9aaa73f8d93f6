// A CRL in DER or PEM, and every question one can ask about it.
#include "crypto/crl.h"

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto crl = cocos::crypto::Crl::FromDerOrPem(std::as_bytes(std::span(data, size)));
  if (!crl) return 0;
  static_cast<void>(crl->issuer());
  static_cast<void>(crl->this_update());
  static_cast<void>(crl->next_update());
  static_cast<void>(crl->signature_scheme());
  return 0;
}
