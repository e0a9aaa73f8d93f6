// TCB info: its signed envelope, and its inside as if the signature had been good.
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/tdx/signed_json.h"
#include "attestation/tdx/tcb_info.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::tdx;
  std::span<const std::byte> object = std::as_bytes(std::span(data, size));
  if (const auto envelope = CutSignedJson(object, "tcbInfo")) object = envelope->object;
  const auto info = ParseTcbInfo(object);
  COCOS_CHECK(!info || !info->levels.empty());
  return 0;
}
