#include "attestation/launch/vmsa.h"

#include <algorithm>

#include "base/byte_reader.h"

namespace cocos::attestation::launch {
namespace {

// What differs between VMMs.
struct Variant {
  std::uint16_t bsp_code_attributes;
  std::uint16_t stack_attributes;
  std::uint16_t task_attributes;
  std::uint64_t pat;
  bool sets_fpu;       // MXCSR and the x87 control word
  bool has_signature;  // RDX is the processor's signature
};

constexpr std::uint64_t kOtherRdx = 0x600;
constexpr std::uint64_t kResetPat = 0x0007040600070406;

Variant VariantOf(Vmm vmm) {
  switch (vmm) {
    case Vmm::kEc2:
      return {0x9A, 0x92, 0x83, kResetPat, false, false};
    case Vmm::kGce:
      return {0x9B, 0x93, 0x8B, 0x00070106, false, false};
    case Vmm::kQemu:
      break;
  }
  return {0x9B, 0x93, 0x8B, kResetPat, true, true};
}

// Writes fields in ascending order of their offsets.
class VmsaWriter {
 public:
  VmsaWriter& At(std::size_t offset) {
    writer_.PadTo(offset);
    return *this;
  }
  VmsaWriter& Segment(std::uint16_t selector, std::uint16_t attributes, std::uint64_t base = 0) {
    writer_.Le(selector).Le(attributes).Le(std::uint32_t{0xFFFF}).Le(base);
    return *this;
  }
  template <typename T>
  VmsaWriter& Value(T value) {
    writer_.Le(value);
    return *this;
  }
  std::array<std::byte, kPageBytes> Page() {
    std::array<std::byte, kPageBytes> page{};
    std::ranges::copy(writer_.PadTo(kPageBytes).view(), page.begin());
    return page;
  }

 private:
  ByteWriter writer_;
};

constexpr std::uint16_t kDataAttributes = 0x93;

void WriteSegments(VmsaWriter& writer, const Variant& variant, std::uint32_t eip) {
  const bool is_bsp = eip == kBspEip;
  const std::uint16_t code = is_bsp ? variant.bsp_code_attributes : std::uint16_t{0x9B};
  writer
      .Segment(0, kDataAttributes)              // ES
      .Segment(0xF000, code, eip & 0xFFFF0000)  // CS
      .Segment(0, variant.stack_attributes)     // SS
      .Segment(0, kDataAttributes)              // DS
      .Segment(0, kDataAttributes)              // FS
      .Segment(0, kDataAttributes)              // GS
      .Segment(0, 0)                            // GDTR
      .Segment(0, 0x82)                         // LDTR
      .Segment(0, 0)                            // IDTR
      .Segment(0, variant.task_attributes);     // TR
}

void WriteControl(VmsaWriter& writer) {
  writer.At(0xD0).Value(std::uint64_t{0x1000});  // EFER.SVME
  writer.At(0x148).Value(std::uint64_t{0x40});   // CR4.MCE
  writer.At(kVmsaCr0Offset).Value(std::uint64_t{0x10});
  writer.At(0x160).Value(std::uint64_t{0x400});  // DR7
  writer.Value(std::uint64_t{0xFFFF0FF0});       // DR6
  writer.Value(std::uint64_t{2});                // RFLAGS
}

}  // namespace

std::array<std::byte, kPageBytes> BuildVmsa(const VmsaInput& input) {
  const Variant variant = VariantOf(input.vmm);
  VmsaWriter writer;
  WriteSegments(writer, variant, input.eip);
  WriteControl(writer);
  writer.Value(std::uint64_t{input.eip & 0xFFFF});  // RIP
  writer.At(0x268).Value(variant.pat);
  const std::uint64_t rdx = variant.has_signature ? input.cpu_signature : kOtherRdx;
  writer.At(0x310).Value(rdx);
  writer.At(0x3B0).Value(input.guest_features);
  writer.At(0x3E8).Value(std::uint64_t{1});  // XCR0
  if (variant.sets_fpu) {
    writer.At(0x408).Value(std::uint32_t{0x1F80});  // MXCSR
    writer.At(0x410).Value(std::uint16_t{0x37F});   // x87 control word
  }
  return writer.Page();
}

}  // namespace cocos::attestation::launch
