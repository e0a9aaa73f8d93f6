// TDVF images: OVMF as the firmware of TDX guests, and what its metadata asks of the VMM.
// Intel TDX Virtual Firmware Design Guide, section "TDVF metadata"; the checks are those of QEMU
// and a few more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace cocos::attestation::launch {

// Values of the metadata; QEMU takes no others.
enum class TdvfSectionType : std::uint32_t {
  kBfv = 0,  // boot firmware volume: code
  kCfv = 1,  // configuration firmware volume: variables
  kTdHob = 2,
  kTempMem = 3,
};

struct TdvfSection {
  std::span<const std::byte> data;  // what the image has of it, at most `memory_size`
  std::uint64_t gpa = 0;            // whole pages, as memory_size
  std::uint64_t memory_size = 0;
  TdvfSectionType type = TdvfSectionType::kBfv;
  bool measured = false;  // attribute MR.EXTEND: the contents count, not only the address
};

// A parsed image. Views into its bytes, which must outlive it.
struct Tdvf {
  std::vector<TdvfSection> sections;  // in the order of the table, which counts; do not overlap

  // There is exactly one.
  const TdvfSection& td_hob() const;
};

// Errors: kMalformed; kNotFound for an image without TDVF metadata.
Result<Tdvf> ParseTdvf(std::span<const std::byte> image);

}  // namespace cocos::attestation::launch
