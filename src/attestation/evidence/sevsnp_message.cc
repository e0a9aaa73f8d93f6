#include "attestation/evidence/sevsnp_message.h"

#include <array>
#include <cstdint>
#include <string>

#include "attestation/evidence/flat_message.h"
#include "attestation/evidence/protobuf.h"
#include "attestation/snp/certificate_table.h"
#include "attestation/snp/report.h"
#include "base/byte_reader.h"

namespace cocos::attestation {
namespace {

using protobuf::FieldRule;
using protobuf::Fields;
using protobuf::WireType;

constexpr auto kInteger = FlatField::Kind::kInteger;
constexpr auto kBytes = FlatField::Kind::kBytes;

// The value of cpuid1eax_fms is no part of the report: it waits behind it for PlaceFamilyModel.
constexpr std::size_t kFmsOffset = snp::kReportBytes;
constexpr std::size_t kFamilyOffset = 0x188;

// Message sevsnp.Report; offsets of AMD 56860, structure ATTESTATION_REPORT.
constexpr std::array<FlatField, 31> kReportFields = {{
    {1, kInteger, 0x000, 4},        // version
    {2, kInteger, 0x004, 4},        // guest_svn
    {3, kInteger, 0x008, 8},        // policy
    {4, kBytes, 0x010, 16},         // family_id
    {5, kBytes, 0x020, 16},         // image_id
    {6, kInteger, 0x030, 4},        // vmpl
    {7, kInteger, 0x034, 4},        // signature_algo
    {8, kInteger, 0x038, 8},        // current_tcb
    {9, kInteger, 0x040, 8},        // platform_info
    {10, kInteger, 0x048, 4},       // signer_info
    {11, kBytes, 0x050, 64},        // report_data
    {12, kBytes, 0x090, 48},        // measurement
    {13, kBytes, 0x0c0, 32},        // host_data
    {14, kBytes, 0x0e0, 48},        // id_key_digest
    {15, kBytes, 0x110, 48},        // author_key_digest
    {16, kBytes, 0x140, 32},        // report_id
    {17, kBytes, 0x160, 32},        // report_id_ma
    {18, kInteger, 0x180, 8},       // reported_tcb
    {19, kBytes, 0x1a0, 64},        // chip_id
    {20, kInteger, 0x1e0, 8},       // committed_tcb
    {21, kInteger, 0x1e8, 1},       // current_build
    {22, kInteger, 0x1e9, 1},       // current_minor
    {23, kInteger, 0x1ea, 1},       // current_major
    {24, kInteger, 0x1ec, 1},       // committed_build
    {25, kInteger, 0x1ed, 1},       // committed_minor
    {26, kInteger, 0x1ee, 1},       // committed_major
    {27, kInteger, 0x1f0, 8},       // launch_tcb
    {28, kBytes, 0x2a0, 512},       // signature
    {29, kInteger, kFmsOffset, 4},  // cpuid1eax_fms
    {30, kInteger, 0x1f8, 8},       // launch_mit_vector
    {31, kInteger, 0x200, 8},       // current_mit_vector
}};

constexpr std::array<FieldRule, 3> kAttestationRules = {{{1}, {2}, {3}}};
constexpr std::array<FieldRule, 6> kChainRules = {
    {{1}, {2}, {3}, {4}, {6}, {7, WireType::kLength, snp::kMaxCertificateTableEntries}}};
constexpr std::array<FieldRule, 2> kExtraRules = {{{1}, {2}}};
constexpr std::array<FieldRule, 3> kProductRules = {
    {{1, WireType::kVarint}, {2, WireType::kVarint}, {3}}};
constexpr std::array<FieldRule, 1> kWrappedIntegerRules = {{{1, WireType::kVarint}}};

// CPUID leaf 1, EAX: the library joins the three bytes of the report into it.
struct FamilyModelStepping {
  std::uint32_t family = 0;
  std::uint32_t model = 0;
  std::uint32_t stepping = 0;
};

// One value has one form: the extended family counts on top of a full base family, and the bits
// that are no part of the three are zero.
Result<FamilyModelStepping> SplitFms(std::uint32_t eax) {
  const std::uint32_t base_family = eax >> 8 & 0xf;
  const std::uint32_t extended_family = eax >> 20 & 0xff;
  const FamilyModelStepping parts{.family = base_family + extended_family,
                                  .model = (eax >> 12 & 0xf0) | (eax >> 4 & 0xf),
                                  .stepping = eax & 0xf};
  const bool one_form = extended_family == 0 || base_family == 0xf;
  if ((eax & 0xf000f000) != 0 || !one_form || parts.family > 0xff) {
    return Fail(ErrorCode::kMalformed, "sevsnp.Report: {:#010x} is no family, model and stepping",
                eax);
  }
  return parts;
}

Result<void> PlaceFamilyModel(std::uint32_t version, std::uint32_t eax,
                              std::span<std::byte> report) {
  if (version < 3) {
    if (eax == 0) return {};
    return Fail(ErrorCode::kMalformed, "sevsnp.Report: cpuid1eax_fms in a report of version {}",
                version);
  }
  const FamilyModelStepping parts = COCOS_TRY(SplitFms(eax));
  report[kFamilyOffset] = static_cast<std::byte>(parts.family);
  report[kFamilyOffset + 1] = static_cast<std::byte>(parts.model);
  report[kFamilyOffset + 2] = static_cast<std::byte>(parts.stepping);
  return {};
}

Result<std::vector<std::byte>> RebuildReport(std::span<const std::byte> message) {
  std::vector<std::byte> report(snp::kReportBytes + sizeof(std::uint32_t));
  COCOS_TRY(RebuildStructure(message, kReportFields, "sevsnp.Report", report));
  const auto word = [&report](std::size_t offset) {
    return ByteReader(std::span(report).subspan(offset)).Le<std::uint32_t>();
  };
  const std::uint32_t version = word(0);
  const std::uint32_t eax = word(kFmsOffset);
  report.resize(snp::kReportBytes);
  COCOS_TRY(PlaceFamilyModel(version, eax, report));
  COCOS_TRY(snp::ParseReport(report));
  return report;
}

// A key of `extras`: a GUID in the one form that Go writes.
Result<std::string> GuidKey(std::span<const std::byte> key) {
  std::string guid(reinterpret_cast<const char*>(key.data()), key.size());
  const auto fits = [&guid](std::size_t i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool digit = (guid[i] >= '0' && guid[i] <= '9') || (guid[i] >= 'a' && guid[i] <= 'f');
    return dash ? guid[i] == '-' : digit;
  };
  bool sound = guid.size() == 36;
  for (std::size_t i = 0; sound && i < guid.size(); ++i) sound = fits(i);
  if (!sound) return Fail(ErrorCode::kMalformed, "sevsnp.CertificateChain: extra is no GUID");
  return guid;
}

// firmware_cert (4) is of no use to a verifier here; it is read and dropped.
Result<snp::CertificateTable> ReadChain(std::span<const std::byte> message) {
  const Fields chain = COCOS_TRY(Fields::Read(message, kChainRules, "sevsnp.CertificateChain"));
  const auto take = [&chain](std::uint32_t number) {
    const auto bytes = chain.Bytes(number);
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  snp::CertificateTable certificates;
  certificates.vcek = take(1);
  certificates.ask = take(2);
  certificates.ark = take(3);
  certificates.vlek = take(6);
  for (const auto entry : chain.All(7)) {
    const Fields extra =
        COCOS_TRY(Fields::Read(entry, kExtraRules, "sevsnp.CertificateChain extra"));
    const std::string guid = COCOS_TRY(GuidKey(extra.Bytes(1)));
    COCOS_TRY(snp::AddTableEntry(guid, extra.Bytes(2), certificates));
  }
  return certificates;
}

Result<void> CheckProduct(std::span<const std::byte> message) {
  const Fields product = COCOS_TRY(Fields::Read(message, kProductRules, "sevsnp.SevProduct"));
  COCOS_TRY(Fields::Read(product.Bytes(3), kWrappedIntegerRules, "UInt32Value"));
  return {};
}

}  // namespace

Result<SnpEvidence> DecodeSevSnpAttestation(std::span<const std::byte> bytes) {
  const Fields message = COCOS_TRY(Fields::Read(bytes, kAttestationRules, "sevsnp.Attestation"));
  const auto report = COCOS_TRY(message.Required(1));
  SnpEvidence evidence;
  evidence.report = COCOS_TRY(RebuildReport(report));
  evidence.certificates = COCOS_TRY(ReadChain(message.Bytes(2)));
  COCOS_TRY(CheckProduct(message.Bytes(3)));
  return evidence;
}

}  // namespace cocos::attestation
