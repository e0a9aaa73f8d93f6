#include "testagent/snp_chip.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "crypto/digest.h"

namespace cocos::testagent {
namespace {

using Bytes = std::vector<std::byte>;

// ATTESTATION_REPORT.
constexpr std::size_t kReportBytes = 0x4A0;
constexpr std::size_t kReportDataAt = 0x50;
constexpr std::size_t kSignedBytes = 0x2A0;
constexpr std::size_t kSignatureRAt = 0x2A0;
constexpr std::size_t kSignatureSAt = 0x2E8;
constexpr std::size_t kReportDataBytes = 64;

Result<std::string> Member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return std::string();
  if (!found->is_string()) return Fail(ErrorCode::kMalformed, "chip: {}: want a text", name);
  return found->get<std::string>();
}

Result<Bytes> HexMember(const nlohmann::json& object, const char* name) {
  const std::string text = COCOS_TRY(Member(object, name));
  Result<Bytes> bytes = crypto::HexDecode(text);
  if (!bytes) return Fail(ErrorCode::kMalformed, "chip: {}: want hexadecimal digits", name);
  return bytes;
}

Result<void> CheckSize(const char* name, const Bytes& bytes, std::size_t size) {
  if (bytes.size() == size) return {};
  return Fail(ErrorCode::kMalformed, "chip: {}: {} bytes, want {}", name, bytes.size(), size);
}

void Put(Bytes& bytes, std::size_t offset, std::span<const std::byte> value) {
  std::ranges::copy(value, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace

Result<std::unique_ptr<SnpChip>> SnpChip::Parse(std::string_view json) {
  const auto object = nlohmann::json::parse(json, nullptr, false);
  if (!object.is_object()) return Fail(ErrorCode::kMalformed, "chip: want a JSON object");
  Bytes report = COCOS_TRY(HexMember(object, "report"));
  COCOS_TRY(CheckSize("report", report, kReportBytes));
  Bytes certificates = COCOS_TRY(HexMember(object, "certificates"));
  Bytes forced = COCOS_TRY(HexMember(object, "report_data"));
  if (!forced.empty()) COCOS_TRY(CheckSize("report_data", forced, kReportDataBytes));
  const std::string pem = COCOS_TRY(Member(object, "key"));
  Result<crypto::SigningKey> key = crypto::SigningKey::FromPem(pem);
  if (!key || key->curve() != crypto::Curve::kP384) {
    return Fail(ErrorCode::kMalformed, "chip: key: want a private key on P-384, PEM");
  }
  return std::unique_ptr<SnpChip>(
      new SnpChip(std::move(report), std::move(certificates), std::move(forced), *std::move(key)));
}

Result<SnpEvidence> SnpChip::Sign(const attestation::ReportData& report_data) const {
  Bytes report = report_;
  if (forced_report_data_.empty()) {
    Put(report, kReportDataAt, report_data);
  } else {
    Put(report, kReportDataAt, forced_report_data_);
  }
  const crypto::EcdsaSignature signature = COCOS_TRY(
      key_.SignEcdsa(crypto::DigestAlgorithm::kSha384, std::span(report).first(kSignedBytes)));
  // Little-endian, as everything in a report.
  Put(report, kSignatureRAt, Bytes(signature.r.rbegin(), signature.r.rend()));
  Put(report, kSignatureSAt, Bytes(signature.s.rbegin(), signature.s.rend()));
  return SnpEvidence{std::move(report), certificates_};
}

Result<std::string> SnpChip::Evidence(const EvidenceChallenge& challenge) {
  SnpEvidence evidence = COCOS_TRY(Sign(challenge.report_data));
  Bytes bytes = std::move(evidence.report);
  bytes.insert(bytes.end(), evidence.certificates.begin(), evidence.certificates.end());
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace cocos::testagent
