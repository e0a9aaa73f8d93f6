#include "attestation/vtpm/hcl_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "attestation/vtpm/binding.h"
#include "attestation/vtpm/refusal.h"
#include "attestation/vtpm/strict_json.h"
#include "base/byte_reader.h"
#include "crypto/digest.h"

namespace cocos::attestation::vtpm {

namespace {

constexpr std::size_t kMaxReportBytes = std::size_t{64} << 10;
constexpr std::uint32_t kMagic = 0x414c4348;  // "HCLA"
constexpr std::uint32_t kAttestationRequest = 2;
constexpr std::size_t kAreaBytes = 0x4a0;  // of the hardware report
constexpr std::size_t kTdReportBytes = 1024;
constexpr std::uint32_t kRuntimeHeadBytes = 20;
constexpr std::size_t kRuntimeOffset = 0x4d4;
constexpr std::uint32_t kSnpReport = 2;
constexpr std::uint32_t kTdxReport = 4;
constexpr std::uint32_t kSha256 = 1;
constexpr std::size_t kMaxExponentBytes = 4;
constexpr std::string_view kKeyId = "HCLAkPub";

template <typename... Args>
tl::unexpected<Error> Malformed(fmt::format_string<Args...> format, Args&&... args) {
  return Refuse(reason::kMalformed, format, std::forward<Args>(args)...);
}

// The outer header; gives the size of everything up to the end of the runtime data.
Result<std::uint32_t> ReadHead(ByteReader& reader) {
  const auto magic = reader.Le<std::uint32_t>();
  const auto version = reader.Le<std::uint32_t>();
  const auto size = reader.Le<std::uint32_t>();
  const auto request = reader.Le<std::uint32_t>();
  const bool reserved_zero = reader.Zeros(16);
  if (magic != kMagic) return Malformed("HCL report: magic 0x{:08x}, want 0x{:08x}", magic, kMagic);
  if (version != 1 && version != 2)
    return Malformed("HCL report: version {}, want 1 or 2", version);
  if (request != kAttestationRequest)
    return Malformed("HCL report: request type {}, want {}", request, kAttestationRequest);
  if (!reserved_zero) return Malformed("HCL report: status or reserved bytes are not zero");
  return size;
}

struct RuntimeHead {
  std::uint32_t data_size = 0;
  std::uint32_t version = 0;
  std::uint32_t report_type = 0;
  std::uint32_t hash_type = 0;
  std::uint32_t claims_size = 0;
};

Result<RuntimeHead> ReadRuntimeHead(ByteReader& reader, std::uint32_t report_size) {
  RuntimeHead head;
  head.data_size = reader.Le<std::uint32_t>();
  head.version = reader.Le<std::uint32_t>();
  head.report_type = reader.Le<std::uint32_t>();
  head.hash_type = reader.Le<std::uint32_t>();
  head.claims_size = reader.Le<std::uint32_t>();
  if (head.version != 1)
    return Malformed("HCL report: runtime data version {}, want 1", head.version);
  if (head.hash_type != kSha256)
    return Malformed("HCL report: hash type {}, want {}", head.hash_type, kSha256);
  if (head.report_type != kSnpReport && head.report_type != kTdxReport) {
    return Malformed("HCL report: report type {}, want {} or {}", head.report_type, kSnpReport,
                     kTdxReport);
  }
  const bool sizes_agree = head.claims_size <= kMaxReportBytes &&
                           head.data_size == head.claims_size + kRuntimeHeadBytes &&
                           report_size == head.claims_size + kRuntimeOffset;
  if (!sizes_agree) return Malformed("HCL report: sizes contradict each other");
  return head;
}

Result<void> SetHardwareReport(HclReport& report, std::uint32_t type,
                               std::span<const std::byte> area) {
  report.hardware = type == kSnpReport ? HclHardware::kSnp : HclHardware::kTdx;
  ByteReader reader(area);
  const auto bytes = reader.Bytes(type == kSnpReport ? kAreaBytes : kTdReportBytes);
  if (!reader.Zeros(reader.remaining())) {
    return Malformed("HCL report: bytes behind the hardware report");
  }
  report.hardware_report.assign(bytes.begin(), bytes.end());
  return {};
}

// RFC 4648 section 5 without padding, as JSON web keys have it.
Result<std::vector<std::byte>> Base64UrlDecode(std::string text) {
  if (text.find_first_of("+/=") != std::string::npos) return Malformed("not base64url");
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return crypto::Base64Decode(text);
}

Result<std::vector<std::byte>> KeyNumber(const nlohmann::json& key, const char* name) {
  const auto value = key.find(name);
  if (value == key.end() || !value->is_string()) {
    return Malformed("runtime data: key without \"{}\"", name);
  }
  auto number = Base64UrlDecode(value->get<std::string>());
  if (!number) return Malformed("runtime data: \"{}\": {}", name, number.error().message());
  return number;
}

bool Has(const nlohmann::json& object, const char* name, std::string_view value) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() &&
         found->get_ref<const std::string&>() == value;
}

bool MaySign(const nlohmann::json& key) {
  const auto operations = key.find("key_ops");
  return operations != key.end() && *operations == nlohmann::json::array({"sign"});
}

Result<nlohmann::json> FindKey(const nlohmann::json& runtime) {
  const auto keys = runtime.is_object() ? runtime.find("keys") : runtime.end();
  if (keys == runtime.end() || !keys->is_array()) return Malformed("runtime data: no keys");
  const nlohmann::json* found = nullptr;
  for (const auto& key : *keys) {
    if (!key.is_object() || !Has(key, "kid", kKeyId)) continue;
    if (found != nullptr) return Malformed("runtime data: key {} twice", kKeyId);
    found = &key;
  }
  if (found == nullptr) return Malformed("runtime data: no key {}", kKeyId);
  if (!Has(*found, "kty", "RSA") || !MaySign(*found)) {
    return Malformed("runtime data: key {} is not for RSA signatures", kKeyId);
  }
  return *found;
}

Result<crypto::VerifyingKey> ReadKey(const nlohmann::json& key) {
  const auto modulus = COCOS_TRY(KeyNumber(key, "n"));
  const auto exponent_bytes = COCOS_TRY(KeyNumber(key, "e"));
  if (exponent_bytes.empty() || exponent_bytes.size() > kMaxExponentBytes) {
    return Malformed("runtime data: exponent of {} bytes, want 1 to {}", exponent_bytes.size(),
                     kMaxExponentBytes);
  }
  std::uint32_t exponent = 0;
  for (const std::byte byte : exponent_bytes) {
    exponent = exponent << 8 | std::to_integer<std::uint32_t>(byte);
  }
  auto verifying_key = crypto::VerifyingKey::FromRsa(modulus, exponent);
  if (!verifying_key) return Refuse(reason::kWeakKey, "{}", verifying_key.error().message());
  return verifying_key;
}

ReportData BoundReportData(const HclReport& report) {
  ReportData report_data{};
  std::ranges::copy(crypto::Sha256(crypto::BytesOf(report.runtime_json)), report_data.begin());
  return report_data;
}

}  // namespace

Result<HclReport> ParseHclReport(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxReportBytes) {
    return Malformed("HCL report: {} bytes, want at most {}", bytes.size(), kMaxReportBytes);
  }
  ByteReader reader(bytes);
  const auto size = COCOS_TRY(ReadHead(reader));
  const auto area = reader.Bytes(kAreaBytes);
  const RuntimeHead head = COCOS_TRY(ReadRuntimeHead(reader, size));
  const auto claims = reader.Bytes(head.claims_size);
  if (!reader.ok()) return Malformed("HCL report: ends too early");
  if (!reader.Zeros(reader.remaining())) return Malformed("HCL report: bytes behind the end");
  HclReport report;
  COCOS_TRY(SetHardwareReport(report, head.report_type, area));
  report.runtime_json.assign(reinterpret_cast<const char*>(claims.data()), claims.size());
  return report;
}

Result<AttestationKey> HclAttestationKey(const HclReport& report,
                                         std::span<const std::byte> verified_report_data) {
  COCOS_TRY(CheckReportData(BoundReportData(report), verified_report_data));
  const auto runtime =
      COCOS_TRY(ParseStrictJson("runtime data", report.runtime_json, kMaxReportBytes));
  const auto json_key = COCOS_TRY(FindKey(runtime));
  return AttestationKey::FromVouchedKey(COCOS_TRY(ReadKey(json_key)));
}

}  // namespace cocos::attestation::vtpm
