#include "attestation/launch/td_hob.h"

#include <algorithm>

#include "base/byte_reader.h"

namespace cocos::attestation::launch {
namespace {

constexpr std::uint64_t kFourGib = std::uint64_t{1} << 32;
// QEMU's q35: a guest with this much memory has less below 4 GiB, to leave room for PCI.
constexpr std::uint64_t kLowMemorySplitFrom = 0xB0000000;
constexpr std::uint64_t kLowMemoryWhenSplit = 0x80000000;
constexpr std::uint64_t kMaxMemoryBytes = std::uint64_t{1} << 52;

constexpr std::uint16_t kHandoffHob = 1;
constexpr std::uint16_t kHandoffHobSize = 56;
constexpr std::uint32_t kHandoffVersion = 9;
constexpr std::uint16_t kResourceHob = 3;
constexpr std::uint16_t kResourceHobSize = 48;
constexpr std::uint16_t kEndHobSize = 8;
constexpr std::uint32_t kSystemMemory = 0;
constexpr std::uint32_t kUnacceptedMemory = 7;
constexpr std::uint32_t kPresentInitializedTested = 7;

struct Range {
  std::uint64_t start = 0;
  std::uint64_t size = 0;
  bool accepted = false;  // added by the VMM before the guest runs
};

std::vector<Range> MemoryBanks(std::uint64_t memory_bytes) {
  if (memory_bytes < kLowMemorySplitFrom) return {{0, memory_bytes}};
  return {{0, kLowMemoryWhenSplit}, {kFourGib, memory_bytes - kLowMemoryWhenSplit}};
}

// The sections that lie in memory, by address.
std::vector<Range> AcceptedRanges(const Tdvf& tdvf) {
  std::vector<Range> ranges;
  for (const TdvfSection& section : tdvf.sections) {
    const bool in_memory =
        section.type == TdvfSectionType::kTdHob || section.type == TdvfSectionType::kTempMem;
    if (in_memory) ranges.push_back({section.gpa, section.memory_size, true});
  }
  std::ranges::sort(ranges, {}, &Range::start);
  return ranges;
}

// Cuts the accepted ranges out of a bank; takes them off the front of `accepted`.
std::vector<Range> Split(const Range& bank, std::span<const Range>& accepted) {
  std::vector<Range> parts;
  std::uint64_t position = bank.start;
  const std::uint64_t end = bank.start + bank.size;
  while (!accepted.empty() && accepted.front().start >= position &&
         accepted.front().start + accepted.front().size <= end) {
    const Range& next = accepted.front();
    if (next.start > position) parts.push_back({position, next.start - position, false});
    parts.push_back(next);
    position = next.start + next.size;
    accepted = accepted.subspan(1);
  }
  if (position < end) parts.push_back({position, end - position, false});
  return parts;
}

Result<std::vector<Range>> Resources(const Tdvf& tdvf, std::uint64_t memory_bytes) {
  const std::vector<Range> all = AcceptedRanges(tdvf);
  std::span<const Range> accepted = all;
  std::vector<Range> resources;
  for (const Range& bank : MemoryBanks(memory_bytes)) {
    const std::vector<Range> parts = Split(bank, accepted);
    resources.insert(resources.end(), parts.begin(), parts.end());
  }
  if (accepted.empty()) return resources;
  return Fail(ErrorCode::kFailedPrecondition,
              "TD HOB: firmware section at {:#x} is outside of {:#x} bytes of memory",
              accepted.front().start, memory_bytes);
}

void WriteHandoff(ByteWriter& writer, std::uint64_t end) {
  writer.Le(kHandoffHob).Le(kHandoffHobSize).Le(std::uint32_t{0});
  writer.Le(kHandoffVersion).Le(std::uint32_t{0});  // boot with full configuration
  writer.Zeros(4 * sizeof(std::uint64_t)).Le(end);
}

void WriteResource(ByteWriter& writer, const Range& range) {
  writer.Le(kResourceHob).Le(kResourceHobSize).Le(std::uint32_t{0});
  writer.Zeros(16);  // owner
  writer.Le(range.accepted ? kSystemMemory : kUnacceptedMemory).Le(kPresentInitializedTested);
  writer.Le(range.start).Le(range.size);
}

}  // namespace

Result<std::vector<std::byte>> BuildTdHob(const Tdvf& tdvf, std::uint64_t memory_bytes) {
  if (memory_bytes == 0 || memory_bytes % kPageBytes != 0 || memory_bytes >= kMaxMemoryBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                "TD HOB: {:#x} bytes of memory, want whole pages below {:#x}", memory_bytes,
                kMaxMemoryBytes);
  }
  const std::vector<Range> resources = COCOS_TRY(Resources(tdvf, memory_bytes));
  const TdvfSection& section = tdvf.td_hob();
  const std::uint64_t size =
      kHandoffHobSize + resources.size() * kResourceHobSize + std::uint64_t{kEndHobSize};
  if (size > section.memory_size) {
    return Fail(ErrorCode::kFailedPrecondition, "TD HOB: {} bytes, but the section has {}", size,
                section.memory_size);
  }
  ByteWriter writer;
  WriteHandoff(writer, section.gpa + size);
  for (const Range& range : resources) WriteResource(writer, range);
  return std::move(writer).Take();
}

Result<Digest384> MeasureTdHob(const Tdvf& tdvf, std::uint64_t memory_bytes) {
  const std::vector<std::byte> list = COCOS_TRY(BuildTdHob(tdvf, memory_bytes));
  return Sha384Of(list);
}

}  // namespace cocos::attestation::launch
