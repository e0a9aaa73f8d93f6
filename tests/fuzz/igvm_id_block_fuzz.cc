// ID block (96 bytes) and ID authentication block (4096 bytes), one behind the other. What parses
// is encoded again to the same bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/launch/id_block.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::launch;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto block_bytes = bytes.first(std::min(size, kIdBlockSize));
  const auto auth_bytes = bytes.subspan(block_bytes.size());
  const auto block = ParseIdBlock(block_bytes);
  if (block) COCOS_CHECK(std::ranges::equal(EncodeIdBlock(*block), block_bytes));
  const auto auth = ParseIdAuth(auth_bytes);
  if (auth) COCOS_CHECK(std::ranges::equal(EncodeIdAuth(*auth), auth_bytes));
  if (block && auth) static_cast<void>(VerifyIdBlock(*block, *auth));
  return 0;
}
