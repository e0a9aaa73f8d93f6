// The initial state of a virtual processor as VMMs set it up for SEV-SNP guests: one page that is
// part of the launch digest. AMD APM volume 2, appendix B (VMSA layout).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "attestation/launch/digest384.h"

namespace cocos::attestation::launch {

// Where KVM has VMSA pages measured, whatever processor they are for.
inline constexpr std::uint64_t kVmsaGpa = 0xFFFFFFFFF000;
inline constexpr std::size_t kVmsaCr0Offset = 0x158;
// Where the boot processor of a firmware image starts.
inline constexpr std::uint32_t kBspEip = 0xFFFFFFF0;

// Whose initial values.
enum class Vmm { kQemu, kEc2, kGce };

struct VmsaInput {
  Vmm vmm = Vmm::kQemu;
  std::uint32_t eip = kBspEip;
  std::uint32_t cpu_signature = 0;   // CPUID(1).EAX; only QEMU puts it there
  std::uint64_t guest_features = 1;  // SEV_FEATURES
};

std::array<std::byte, kPageBytes> BuildVmsa(const VmsaInput& input);

}  // namespace cocos::attestation::launch
