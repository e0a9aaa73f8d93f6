// Why a report carries another launch digest than expected: searches the launches that differ from
// the described one in what usually differs, and names the one that gives the digest seen.
// Here for SEV-SNP firmware; for IGVM files see explain_igvm.h, for TDX firmware explain_tdx.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attestation/launch/digest384.h"
#include "attestation/launch/kernel_hashes.h"
#include "attestation/launch/offered_file.h"
#include "attestation/launch/snp_firmware.h"
#include "attestation/launch/snp_launch.h"
#include "attestation/launch/vmsa.h"

namespace cocos::attestation::launch {

struct DescribedKernel {
  Digest256 kernel{};  // SHA-256 of the files, as KernelHashes
  Digest256 initrd{};
  std::string command_line;
};

// A launch as somebody believes it was.
struct SnpLaunchDescription {
  NamedFirmware firmware;
  std::uint32_t vcpus = 1;
  std::uint32_t cpu_signature = 0;
  std::uint64_t guest_features = 1;
  Vmm vmm = Vmm::kQemu;
  std::optional<DescribedKernel> kernel;  // none: no kernel is handed over
  bool hashes_kernel = false;             // kernel-hashes=on
};

// Looks at up to 512 vCPUs together with up to two of: CPU model, guest features (each bit by
// itself, so also debug swap), VMM, kernel hashes on or off, command line in quotes, and the other
// firmware offered; then at every launch that IdentifyLaunch knows of the files offered. The first
// match has the fewest differences. None: no launch that is near.
std::optional<Differences> ExplainSnpLaunch(const SnpLaunchDescription& described,
                                            std::span<const OfferedFile> offered,
                                            const Digest384& observed);

// How this firmware gives the digest: "4 vCPUs, CPU model EPYC-Milan (0x00a00f11), guest features
// 0x1, launched by QEMU". Looks at up to 512 vCPUs together with every known CPU model and VMM and
// one bit of guest features that is not as usual, without kernel hashes. None: it does not.
std::optional<std::string> FindSnpLaunch(const NamedFirmware& firmware, const Digest384& observed);

}  // namespace cocos::attestation::launch
