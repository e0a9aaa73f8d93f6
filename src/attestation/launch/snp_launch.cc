#include "attestation/launch/snp_launch.h"

#include <algorithm>
#include <array>

#include "attestation/launch/snp_pages.h"

namespace cocos::attestation::launch {
namespace {

PageRun ImageRun(const SnpFirmware& firmware) {
  return {PageType::kNormal, firmware.base_gpa(), firmware.image.size() / kPageBytes,
          firmware.image};
}

Result<Digest384> HashTablePage(const SnpFirmware& firmware, const SnpSection& section,
                                const KernelHashes& hashes) {
  if (!firmware.hash_table_gpa) {
    return Fail(ErrorCode::kFailedPrecondition, "kernel hashes: the firmware does not check any");
  }
  const std::uint64_t offset = *firmware.hash_table_gpa % kPageBytes;
  if (section.size != kPageBytes || *firmware.hash_table_gpa - offset != section.gpa ||
      offset + kKernelHashTableSize > kPageBytes) {
    return Fail(
        ErrorCode::kMalformed,
        "kernel hashes: table at {:#x}, want it inside the one page of the section at {:#x}",
        *firmware.hash_table_gpa, section.gpa);
  }
  std::array<std::byte, kPageBytes> page{};
  std::ranges::copy(EncodeKernelHashes(hashes), page.begin() + static_cast<std::ptrdiff_t>(offset));
  return Sha384Of(page);
}

PageType TypeOf(SnpSectionType type, Vmm vmm) {
  switch (type) {
    case SnpSectionType::kSecMem:
      return vmm == Vmm::kGce ? PageType::kUnmeasured : PageType::kZero;
    case SnpSectionType::kSecrets:
      return PageType::kSecrets;
    case SnpSectionType::kCpuid:
      return PageType::kCpuid;
    case SnpSectionType::kSvsmCaa:
    case SnpSectionType::kKernelHashes:  // without hashes
      break;
  }
  return PageType::kZero;
}

Result<void> AddSection(const SnpFirmware& firmware, const SnpSection& section,
                        const SnpLaunchInput& input, SnpChain& chain) {
  if (section.type == SnpSectionType::kKernelHashes && input.kernel_hashes) {
    const Digest384 page = COCOS_TRY(HashTablePage(firmware, section, *input.kernel_hashes));
    chain.Add(PageType::kNormal, section.gpa, page);
    return {};
  }
  const PageType type = TypeOf(section.type, input.vmm);
  const bool one_page = type == PageType::kSecrets || type == PageType::kCpuid;
  chain.AddWithoutContents(type, section.gpa, one_page ? 1 : section.size / kPageBytes);
  return {};
}

Result<void> AddSections(const SnpFirmware& firmware, const SnpLaunchInput& input,
                         SnpChain& chain) {
  // EC2 adds the CPUID page after everything else.
  const bool cpuid_last = input.vmm == Vmm::kEc2;
  for (const SnpSection& section : firmware.sections) {
    if (cpuid_last && section.type == SnpSectionType::kCpuid) continue;
    COCOS_TRY(AddSection(firmware, section, input, chain));
  }
  for (const SnpSection& section : firmware.sections) {
    if (!cpuid_last || section.type != SnpSectionType::kCpuid) continue;
    COCOS_TRY(AddSection(firmware, section, input, chain));
  }
  return {};
}

Digest384 VmsaDigest(const SnpLaunchInput& input, std::uint32_t eip) {
  return Sha384Of(BuildVmsa({.vmm = input.vmm,
                             .eip = eip,
                             .cpu_signature = input.cpu_signature,
                             .guest_features = input.guest_features}));
}

}  // namespace

FirmwareDigest DigestFirmware(const SnpFirmware& firmware) {
  const PageRun run = ImageRun(firmware);
  return {DigestPages({}, std::span(&run, 1))};
}

FirmwareDigest DigestFirmware(const SnpFirmware& firmware, const Executor& executor,
                              std::size_t parts) {
  const PageRun run = ImageRun(firmware);
  return {DigestPages({}, std::span(&run, 1), executor, parts)};
}

Result<Digest384> MeasureSnp(const SnpFirmware& firmware, const FirmwareDigest& seed,
                             const SnpLaunchInput& input) {
  return COCOS_TRY(MeasureSnpUpTo(firmware, seed, input, input.vcpus)).back();
}

Result<std::vector<Digest384>> MeasureSnpUpTo(const SnpFirmware& firmware,
                                              const FirmwareDigest& seed,
                                              const SnpLaunchInput& input,
                                              std::uint32_t max_vcpus) {
  if (max_vcpus == 0 || max_vcpus > kMaxVcpus) {
    return Fail(ErrorCode::kInvalidArgument, "{} processors, want 1 to {}", max_vcpus, kMaxVcpus);
  }
  if (input.kernel_hashes && !firmware.HasSection(SnpSectionType::kKernelHashes)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "kernel hashes: the firmware has no section for them");
  }
  SnpChain chain(seed.value);
  COCOS_TRY(AddSections(firmware, input, chain));
  std::vector<Digest384> digests;
  digests.reserve(max_vcpus);
  chain.Add(PageType::kVmsa, kVmsaGpa, VmsaDigest(input, kBspEip));
  digests.push_back(chain.value());
  // All processors but the first begin alike.
  const Digest384 others = VmsaDigest(input, firmware.ap_eip);
  while (digests.size() < max_vcpus) {
    chain.Add(PageType::kVmsa, kVmsaGpa, others);
    digests.push_back(chain.value());
  }
  return digests;
}

}  // namespace cocos::attestation::launch
