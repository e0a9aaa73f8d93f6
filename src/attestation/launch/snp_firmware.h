// OVMF images as SEV-SNP firmware: what their metadata asks of the VMM.
// EDK II, OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "attestation/launch/digest384.h"
#include "base/result.h"

namespace cocos::attestation::launch {

// Values of the metadata.
enum class SnpSectionType : std::uint32_t {
  kSecMem = 1,
  kSecrets = 2,
  kCpuid = 3,
  kSvsmCaa = 4,
  kKernelHashes = 0x10,
};

struct SnpSection {
  std::uint32_t gpa = 0;
  std::uint32_t size = 0;  // whole pages, at least one
  SnpSectionType type = SnpSectionType::kSecMem;

  friend bool operator==(const SnpSection&, const SnpSection&) = default;
};

// A parsed image. Views into its bytes, which must outlive it.
struct SnpFirmware {
  std::span<const std::byte> image;  // whole pages, loaded so that it ends at 4 GiB
  std::vector<SnpSection> sections;  // in the order of the table
  std::uint32_t ap_eip = 0;          // where application processors start
  // Where the table of kernel hashes goes; absent when the firmware does not check hashes.
  std::optional<std::uint32_t> hash_table_gpa;

  bool HasSection(SnpSectionType type) const;
  std::uint64_t base_gpa() const { return (std::uint64_t{1} << 32) - image.size(); }
};

// Errors: kMalformed, also for a section of an unknown type and for images above 64 MiB;
// kNotFound for an image without SEV metadata or without a reset address for other processors.
Result<SnpFirmware> ParseSnpFirmware(std::span<const std::byte> image);

}  // namespace cocos::attestation::launch
