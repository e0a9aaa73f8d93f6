// TDVF images: metadata, MRTD and the hand-off blocks.
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/launch/mrtd.h"
#include "attestation/launch/td_hob.h"
#include "attestation/launch/tdvf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::launch;
  constexpr std::uint64_t kMaxMemoryBytes = std::uint64_t{4} << 20;
  const auto tdvf = ParseTdvf(std::as_bytes(std::span(data, size)));
  if (!tdvf) return 0;
  static_cast<void>(MeasureTdHob(*tdvf, std::uint64_t{1} << 30));
  static_cast<void>(MeasureTdHob(*tdvf, std::uint64_t{1} << 34));
  std::uint64_t memory = 0;
  for (const TdvfSection& section : tdvf->sections) memory += section.memory_size;
  if (memory > kMaxMemoryBytes) return 0;
  static_cast<void>(MeasureTdvf(*tdvf));
  static_cast<void>(MeasureTdvf(*tdvf, PageAddOrder::kTwoPass));
  return 0;
}
