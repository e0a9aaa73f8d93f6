// The SEV-SNP launch digest of a guest that boots an OVMF image: image, metadata sections, then one
// VMSA for each processor, in the order of QEMU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "attestation/launch/digest384.h"
#include "attestation/launch/kernel_hashes.h"
#include "attestation/launch/parallel.h"
#include "attestation/launch/snp_firmware.h"
#include "attestation/launch/vmsa.h"
#include "base/result.h"

namespace cocos::attestation::launch {

// The digest after the pages of the image: the costly part, the same for every input below. Callers
// may keep it with a digest of the image and vary the rest.
struct FirmwareDigest {
  Digest384 value{};

  friend bool operator==(const FirmwareDigest&, const FirmwareDigest&) = default;
};

FirmwareDigest DigestFirmware(const SnpFirmware& firmware);
FirmwareDigest DigestFirmware(const SnpFirmware& firmware, const Executor& executor,
                              std::size_t parts);

inline constexpr std::uint32_t kMaxVcpus = 4096;

// Everything but the firmware that the launch digest depends on.
struct SnpLaunchInput {
  std::uint32_t vcpus = 1;           // 1 to kMaxVcpus
  std::uint32_t cpu_signature = 0;   // see cpu_model.h; not looked at for EC2 and GCE
  std::uint64_t guest_features = 1;  // SEV_FEATURES of the host: 1, or 0x21 with debug swap
  Vmm vmm = Vmm::kQemu;
  std::optional<KernelHashes> kernel_hashes;

  friend bool operator==(const SnpLaunchInput&, const SnpLaunchInput&) = default;
};

// Errors: kInvalidArgument for a number of processors out of range; kFailedPrecondition for kernel
// hashes with firmware that has no place for them, and so would not check them; kMalformed for a
// place that does not hold the table.
Result<Digest384> MeasureSnp(const SnpFirmware& firmware, const FirmwareDigest& seed,
                             const SnpLaunchInput& input);

// The digests for 1, 2, ... up to `max_vcpus` processors, for the price of the last one; `vcpus` of
// the input is not looked at. Errors: as MeasureSnp.
Result<std::vector<Digest384>> MeasureSnpUpTo(const SnpFirmware& firmware,
                                              const FirmwareDigest& seed,
                                              const SnpLaunchInput& input, std::uint32_t max_vcpus);

}  // namespace cocos::attestation::launch
