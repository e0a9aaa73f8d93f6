// What the host's hardware says of itself. Policies take their minimum TCB and product from it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"

namespace cocos::cvm {

// AMD 56860 (SEV-SNP firmware ABI), SNP_PLATFORM_STATUS. TCBs are TCB_VERSION as the firmware lays
// it out; the product, and so the layout, follows from the CPU signature.
struct SnpPlatform {
  std::uint32_t cpu_signature = 0;  // CPUID(1).EAX
  std::uint8_t api_major = 0;
  std::uint8_t api_minor = 0;
  std::uint32_t build = 0;
  std::array<std::byte, 8> current_tcb{};
  std::array<std::byte, 8> reported_tcb{};
  bool chip_id_masked = false;     // reports of this host carry zeros
  std::vector<std::byte> chip_id;  // empty: the firmware does not tell it
};

class HostFacts {
 public:
  virtual ~HostFacts() = default;

  // Asks the hardware anew each time: firmware may be updated while the host runs. Thread-safe.
  // Errors: kFailedPrecondition without SEV-SNP or without access to it, saying which;
  // kUnavailable when the firmware refuses.
  virtual Result<SnpPlatform> ReadSnpPlatform() const = 0;
};

}  // namespace cocos::cvm
