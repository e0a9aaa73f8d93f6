// The hand-off block list that QEMU gives to TDX firmware: which memory there is. Its digest is the
// first event of RTMR0. UEFI Platform Initialization Specification, volume 3, "HOB".
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "attestation/launch/digest384.h"
#include "attestation/launch/tdvf.h"
#include "base/result.h"

namespace cocos::attestation::launch {

// The list from its start up to its end marker, which is not included: what firmware measures.
// For QEMU's q35 machine without memory hot-plug; `memory_bytes` is the guest's memory.
// Errors: kInvalidArgument for memory that is not whole pages, none, or 2^52 bytes and more;
// kFailedPrecondition when sections of the firmware lie outside of it or the list does not fit.
Result<std::vector<std::byte>> BuildTdHob(const Tdvf& tdvf, std::uint64_t memory_bytes);

// SHA-384 of it.
Result<Digest384> MeasureTdHob(const Tdvf& tdvf, std::uint64_t memory_bytes);

}  // namespace cocos::attestation::launch
