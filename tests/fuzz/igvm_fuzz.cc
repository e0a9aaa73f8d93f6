// IGVM files: parsing, and measuring for SEV-SNP and TDX. Each input is also tried with its size
// and checksum made right, without which mutations would seldom get past the fixed header.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attestation/igvm/crc32.h"
#include "attestation/launch/id_block.h"
#include "attestation/launch/mrtd.h"
#include "attestation/launch/snp_igvm.h"
#include "base/byte_reader.h"

namespace {

using namespace cocos::attestation::launch;
using cocos::attestation::igvm::Crc32;
using cocos::attestation::igvm::File;

constexpr std::uint64_t kMaxPages = 2048;

void Measure(const File& file, SnpIgvmOptions options) {
  options.max_pages = kMaxPages;
  const auto plan = PlanSnpIgvm(file, options);
  if (!plan) return;
  static_cast<void>(MeasureSnpIgvm(*plan));
  if (plan->id_block) static_cast<void>(VerifyIgvmIdBlock(*plan->id_block, 0));
}

void ParseAndMeasure(std::span<const std::byte> bytes) {
  const auto file = cocos::attestation::igvm::ParseFile(bytes);
  if (!file) return;
  Measure(*file, {});
  Measure(*file, SnpIgvmOptions::Igvmmeasure());
  static_cast<void>(MeasureTdxIgvm(*file, kMaxPages));
}

void Put(std::vector<std::byte>& bytes, std::size_t offset, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[offset + i] = static_cast<std::byte>(value >> (8 * i));
}

// The size and checksum of the fixed header, where the variable headers lie inside the file.
void Repair(std::vector<std::byte>& bytes) {
  Put(bytes, 16, static_cast<std::uint32_t>(bytes.size()));
  Put(bytes, 20, 0);
  cocos::ByteReader reader(bytes);
  reader.Skip(4);
  const std::size_t header_size = reader.Le<std::uint32_t>() == 1 ? 24 : 32;
  const std::size_t offset = reader.Le<std::uint32_t>();
  const std::size_t size = reader.Le<std::uint32_t>();
  if (header_size > bytes.size() || offset > bytes.size() || size > bytes.size() - offset) return;
  Crc32 crc;
  crc.Update(std::span(bytes).first(header_size));
  crc.Update(std::span(bytes).subspan(offset, size));
  Put(bytes, 20, crc.value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  ParseAndMeasure(bytes);
  if (size < 24) return 0;
  std::vector<std::byte> repaired(bytes.begin(), bytes.end());
  Repair(repaired);
  ParseAndMeasure(repaired);
  return 0;
}
