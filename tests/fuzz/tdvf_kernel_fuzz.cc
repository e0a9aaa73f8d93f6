// PE images of kernels, and load options.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "attestation/launch/authenticode.h"
#include "attestation/launch/rtmr.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::launch;
  static_cast<void>(AuthenticodeSha384(std::as_bytes(std::span(data, size))));
  const std::string text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(MeasureRtmr2({.command_line = text, .initrd = Digest384{}}));
  return 0;
}
