#include "attestation/snp/guest_policy.h"

namespace cocos::attestation::snp {

Result<GuestPolicy> GuestPolicy::FromBits(std::uint64_t bits) {
  constexpr std::uint64_t kMustBeOne = std::uint64_t{1} << 17;
  constexpr std::uint64_t kKnown = (std::uint64_t{1} << 26) - 1;
  if ((bits & ~kKnown) != 0) {
    return Fail(ErrorCode::kMalformed, "guest policy {:#x}: a reserved bit is set", bits);
  }
  if ((bits & kMustBeOne) == 0) {
    return Fail(ErrorCode::kMalformed, "guest policy {:#x}: bit 17 is clear, want it set", bits);
  }
  return GuestPolicy(bits);
}

}  // namespace cocos::attestation::snp
