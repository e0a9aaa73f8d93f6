#include "attestation/evidence/classify.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "attestation/evidence/limits.h"
#include "attestation/evidence/protobuf.h"
#include "attestation/evidence/snp_raw.h"
#include "attestation/evidence/tdx_raw.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"

namespace cocos::attestation {
namespace {

// The blob of the empty provider (1,240 bytes) and the report it begins with.
constexpr std::string_view kEmptyProviderSha256 =
    "36e3cce4cc9349fb79362125fc0c01f550f5fa37ad66cb0e0c4d9ee94ed75d75";
constexpr std::string_view kEmptyProviderReportSha256 =
    "a29b3dfccc9cc2bfc457d8883865b008734d1d54aef354eea80679e997b614bf";

bool HasSha256(std::span<const std::byte> bytes, std::string_view digest) {
  return crypto::HexEncode(crypto::Sha256(bytes)) == digest;
}

bool StartsWith(std::span<const std::byte> bytes, std::initializer_list<unsigned> prefix) {
  return bytes.size() >= prefix.size() &&
         std::ranges::equal(bytes.first(prefix.size()), prefix, {},
                            [](std::byte byte) { return std::to_integer<unsigned>(byte); });
}

bool IsTokenCharacter(std::byte byte) {
  const auto c = std::to_integer<unsigned char>(byte);
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

bool LooksLikeJwt(std::span<const std::byte> bytes) {
  return StartsWith(bytes, {'e', 'y', 'J'}) && std::ranges::all_of(bytes, IsTokenCharacter) &&
         std::ranges::count(bytes, std::byte{'.'}) == 2;
}

// Both messages begin with their field 1; Go writes fields in order.
Result<EvidenceFormat> ClassifyProtobuf(std::span<const std::byte> bytes) {
  constexpr std::array<protobuf::FieldRule, 1> kFirstField = {{{1}}};
  protobuf::MessageReader reader(bytes, kFirstField, "evidence");
  const auto field = COCOS_TRY(reader.Next());
  if (field && StartsWith(field->bytes, {0x08})) return EvidenceFormat::kSevSnpAttestation;
  if (field && (StartsWith(field->bytes, {0x00, 0x01}) || StartsWith(field->bytes, {0x00, 0x23}))) {
    return EvidenceFormat::kAttest;
  }
  return Fail(ErrorCode::kMalformed, "evidence: a protobuf message of unknown kind");
}

}  // namespace

bool IsEmptyProviderReport(std::span<const std::byte> report) {
  return HasSha256(report, kEmptyProviderReportSha256);
}

Result<EvidenceFormat> Classify(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxEvidenceSize) {
    return Fail(ErrorCode::kMalformed, "evidence: {} bytes, want up to {}", bytes.size(),
                kMaxEvidenceSize);
  }
  if (bytes.empty()) return EvidenceFormat::kEmpty;
  if (HasSha256(bytes, kEmptyProviderSha256)) return EvidenceFormat::kEmptyProvider;
  if (StartsWith(bytes, {0xd2, 0x84})) return EvidenceFormat::kEatCbor;
  if (LooksLikeJwt(bytes)) return EvidenceFormat::kEatJwt;
  if (LooksLikeSnpReport(bytes)) return EvidenceFormat::kSnpRaw;
  if (CheckTdxQuoteHeader(bytes)) return EvidenceFormat::kTdxRaw;
  if (StartsWith(bytes, {0x0a})) return ClassifyProtobuf(bytes);
  return Fail(ErrorCode::kMalformed, "evidence: {} bytes of no known format", bytes.size());
}

}  // namespace cocos::attestation
