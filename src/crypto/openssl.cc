#include "crypto/openssl.h"

#include <limits>

namespace cocos::crypto {

Result<BioHandle> OpenMemory(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Fail(ErrorCode::kMalformed, "text of {} bytes is too long", text.size());
  }
  BioHandle bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bio) return Fail(ErrorCode::kInternal, "out of memory");
  return bio;
}

}  // namespace cocos::crypto
