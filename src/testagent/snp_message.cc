#include "testagent/snp_message.h"

#include <cstdint>
#include <span>

#include "attestation/snp/certificate_table.h"
#include "base/byte_reader.h"
#include "testagent/wire_message.h"

namespace cocos::testagent {
namespace {

struct Field {
  unsigned number;
  std::size_t offset;
  std::size_t size;
};

// sevsnp.Report on the left, ATTESTATION_REPORT on the right.
constexpr Field kNumbers[] = {{1, 0x000, 4},  {2, 0x004, 4},  {3, 0x008, 8},  {6, 0x030, 4},
                              {7, 0x034, 4},  {8, 0x038, 8},  {9, 0x040, 8},  {10, 0x048, 4},
                              {18, 0x180, 8}, {20, 0x1e0, 8}, {21, 0x1e8, 1}, {22, 0x1e9, 1},
                              {23, 0x1ea, 1}, {24, 0x1ec, 1}, {25, 0x1ed, 1}, {26, 0x1ee, 1},
                              {27, 0x1f0, 8}, {30, 0x1f8, 8}, {31, 0x200, 8}};
constexpr Field kBytes[] = {{4, 0x010, 16},  {5, 0x020, 16},  {11, 0x050, 64}, {12, 0x090, 48},
                            {13, 0x0c0, 32}, {14, 0x0e0, 48}, {15, 0x110, 48}, {16, 0x140, 32},
                            {17, 0x160, 32}, {19, 0x1a0, 64}, {28, 0x2a0, 512}};
constexpr unsigned kCpuidField = 29;

std::uint64_t LittleEndian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  }
  return value;
}

// CPUID(1).EAX of family, model and stepping in a report.
std::uint64_t CpuSignature(std::span<const std::byte> report) {
  const auto family = std::to_integer<std::uint64_t>(report[0x188]);
  const auto model = std::to_integer<std::uint64_t>(report[0x189]);
  const auto stepping = std::to_integer<std::uint64_t>(report[0x18a]);
  return (family - 0xf) << 20 | (model & 0xf0) << 12 | 0xf00 | (model & 0xf) << 4 | stepping;
}

WireMessage ReportMessage(std::span<const std::byte> report) {
  WireMessage message;
  for (const Field& each : kNumbers) {
    message.Number(each.number, LittleEndian(report.subspan(each.offset, each.size)));
  }
  for (const Field& each : kBytes) {
    const auto part = report.subspan(each.offset, each.size);
    message.Bytes(each.number, {part.begin(), part.end()});
  }
  return message.Number(kCpuidField, CpuSignature(report));
}

}  // namespace

Result<std::string> SnpAttestationMessage(const SnpEvidence& evidence) {
  const auto table = COCOS_TRY(attestation::snp::ParseCertificateTable(evidence.certificates));
  const WireMessage chain =
      WireMessage().Bytes(1, table.vcek).Bytes(2, table.ark).Bytes(3, table.ask);
  return WireMessage()
      .Bytes(1, ReportMessage(evidence.report).text())
      .Bytes(2, chain.text())
      .text();
}

}  // namespace cocos::testagent
