// JSON tokens: the whole token, and the strict object parser by itself.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "attestation/evidence/eat.h"
#include "attestation/evidence/json_object.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto token = cocos::attestation::ParseEatJwt(bytes);
  if (token) COCOS_CHECK(!token->raw_report.empty() && token->labels.nonce.size() >= 8);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto object = cocos::attestation::ParseJsonObject(text, "fuzz");
  if (object) COCOS_CHECK(text.front() == '{' && object->size() <= 256);
  return 0;
}
