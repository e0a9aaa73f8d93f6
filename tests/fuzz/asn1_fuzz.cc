// DER of any kind. A tree is bounded whatever its bytes say.
#include "crypto/asn1.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace {

using cocos::crypto::Asn1Value;

std::size_t CountValues(const Asn1Value& value, unsigned depth) {
  COCOS_CHECK(depth <= 8);
  COCOS_CHECK(value.kind == Asn1Value::Kind::kSequence || value.elements.empty());
  static_cast<void>(value.Unsigned(UINT64_MAX));
  std::size_t count = 1;
  for (const Asn1Value& element : value.elements) count += CountValues(element, depth + 1);
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = cocos::crypto::ParseDer(std::as_bytes(std::span(data, size)));
  if (value) COCOS_CHECK(CountValues(*value, 1) <= 1024);
  return 0;
}
