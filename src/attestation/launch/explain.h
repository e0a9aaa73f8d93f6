// Why a report carries another launch digest than expected: searches the launches that differ from
// the described one in what usually differs, and names the one that gives the digest seen.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attestation/launch/digest384.h"
#include "attestation/launch/kernel_hashes.h"
#include "attestation/launch/snp_firmware.h"
#include "attestation/launch/snp_launch.h"
#include "attestation/launch/vmsa.h"

namespace cocos::attestation::launch {

// Firmware by the name that people know it by. Both must outlive the search.
struct NamedFirmware {
  std::string name;
  const SnpFirmware* firmware = nullptr;
  FirmwareDigest seed;
};

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

// What is different, for people: "4 vCPUs instead of 2". None: it is the launch as described.
using Differences = std::vector<std::string>;

// Looks at up to 512 vCPUs together with up to two of: CPU model, guest features (each bit by
// itself, and debug swap), VMM, kernel hashes on or off, command line in quotes, and the other
// firmware offered. The first match has the fewest differences. None: no launch that is near.
std::optional<Differences> ExplainSnpLaunch(const SnpLaunchDescription& described,
                                            std::span<const NamedFirmware> other_firmware,
                                            const Digest384& observed);

}  // namespace cocos::attestation::launch
