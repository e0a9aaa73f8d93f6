// OVMF images as SEV-SNP firmware. The part in front of the metadata only makes inputs longer, so
// the input is the end of an image.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attestation/launch/snp_launch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::launch;
  constexpr std::size_t kMaxSize = std::size_t{8} << 20;
  constexpr std::uint64_t kMaxSectionBytes = std::uint64_t{4} << 20;
  if (size > kMaxSize) return 0;
  const auto bytes = std::as_bytes(std::span(data, size));
  static_cast<void>(ParseSnpFirmware(bytes));
  std::vector<std::byte> image((size + kPageBytes - 1) / kPageBytes * kPageBytes);
  std::ranges::copy(bytes, image.end() - static_cast<std::ptrdiff_t>(size));
  const auto firmware = ParseSnpFirmware(image);
  if (!firmware) return 0;
  std::uint64_t section_bytes = 0;
  for (const SnpSection& section : firmware->sections) section_bytes += section.size;
  if (section_bytes > kMaxSectionBytes) return 0;
  const FirmwareDigest seed = DigestFirmware(*firmware);
  for (const Vmm vmm : {Vmm::kQemu, Vmm::kEc2, Vmm::kGce}) {
    static_cast<void>(MeasureSnp(*firmware, seed, {.vcpus = 2, .vmm = vmm}));
  }
  static_cast<void>(MeasureSnp(*firmware, seed, {.kernel_hashes = KernelHashes{}}));
  return 0;
}
