#include "cli/evidence_files.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "attestation/snp/endorsements.h"
#include "attestation/tdx/json_fields.h"
#include "attestation/tdx/verify.h"
#include "base/file.h"
#include "collateral/cache.h"
#include "crypto/digest.h"
#include "crypto/key.h"

namespace cocos::cli {
namespace {

namespace policy = attestation::policy;
namespace snp = attestation::snp;
namespace tdx = attestation::tdx;

constexpr std::size_t kMaxEvidenceBytes = 256UL * 1024;  // report or quote, with its padding
constexpr std::size_t kMaxCertificateBytes = 64UL * 1024;
constexpr std::size_t kMaxPieceBytes = 4UL * 1024 * 1024;  // CRLs are the largest

Bytes ToBytes(std::string_view text) {
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

Result<Bytes> ReadIfGiven(const std::string& path, std::size_t max_bytes) {
  if (path.empty()) return Bytes{};
  return ReadBytes(path, max_bytes);
}

Result<snp::CertificateTable> ReadChain(const std::string& path) {
  if (path.empty()) return snp::CertificateTable{};
  const std::string pem = COCOS_TRY(ReadFile(path, kMaxCertificateBytes));
  Result<snp::CertificateTable> table = snp::TableOfKdsChain(pem);
  if (!table) return tl::unexpected(std::move(table).error().Within(path));
  return table;
}

struct PieceFile {
  Bytes tdx::Collateral::*piece;
  std::string name;
};

std::vector<PieceFile> PlainLayout() {
  return {{&tdx::Collateral::tcb_info, "tcb-info.json"},
          {&tdx::Collateral::tcb_info_issuer_chain, "tcb-info.chain.pem"},
          {&tdx::Collateral::qe_identity, "qe-identity.json"},
          {&tdx::Collateral::qe_identity_issuer_chain, "qe-identity.chain.pem"},
          {&tdx::Collateral::root_crl, "root.crl"},
          {&tdx::Collateral::pck_crl, "pck.crl"},
          {&tdx::Collateral::pck_chain, "pck-chain.pem"}};
}

// A cache is checked more strictly, so where both are there it is one.
bool IsCache(const std::filesystem::path& directory) {
  std::error_code ignored;
  const auto exists = [&](const std::string& name) {
    return std::filesystem::exists(directory / name, ignored);
  };
  if (exists("tdx") || exists("snp")) return true;
  return std::ranges::none_of(PlainLayout(),
                              [&](const PieceFile& file) { return exists(file.name); });
}

// A quote that does not say what it needs is refused by the verifier, which looks at it first.
Result<tdx::Collateral> ReadFromCache(const std::string& directory, const Bytes& quote) {
  const Result<tdx::CollateralRequest> request = tdx::CollateralFor(quote);
  if (!request) return tdx::Collateral{};
  return collateral::CollateralCache(directory).TdxCollateral(*request);
}

// No path: no key is asked for.
Result<std::optional<crypto::VerifyingKey>> ReadCorimKey(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const std::string pem = COCOS_TRY(ReadFile(path, kMaxCertificateBytes));
  Result<crypto::VerifyingKey> key = crypto::VerifyingKey::FromPem(pem);
  if (!key) return tl::unexpected(std::move(key).error().Within(path));
  return *std::move(key);
}

Result<ReadPolicyFile> ReadPolicyText(std::string_view text, const PolicyFile& file) {
  const std::optional<crypto::VerifyingKey> key = COCOS_TRY(ReadCorimKey(file.key_path));
  return policy::ReadAnyPolicy(text, file.profile, key ? &*key : nullptr);
}

}  // namespace

Result<Bytes> ReadBytes(const std::string& path, std::size_t max_bytes) {
  return ToBytes(COCOS_TRY(ReadFile(path, max_bytes)));
}

Result<crypto::TimePoint> ParseNow(const std::string& text) {
  if (text.empty()) {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }
  const Result<crypto::TimePoint> time = tdx::ParseUtcTime(text);
  if (time) return time;
  return Fail(ErrorCode::kInvalidArgument, "--now {:?}: want a time such as 2026-06-01T00:00:00Z",
              text);
}

Result<std::uint64_t> ParseHexOption(std::string_view option, std::string_view text,
                                     std::uint64_t max) {
  std::string_view digits = text;
  if (digits.starts_with("0x")) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, value, 16);
  if (error == std::errc() && rest == end && value <= max) return value;
  return Fail(ErrorCode::kInvalidArgument, "{} {:?}: want a hexadecimal number up to {:#x}", option,
              text, max);
}

Result<snp::CertificateTable> ReadOwnCertificates(const SnpFiles& files) {
  snp::CertificateTable own = COCOS_TRY(ReadChain(files.chain));
  // Which of the two it is, the report says; the other place is not looked at.
  own.vcek = COCOS_TRY(ReadIfGiven(files.vek, kMaxCertificateBytes));
  own.vlek = own.vcek;
  own.crl = COCOS_TRY(ReadIfGiven(files.crl, kMaxPieceBytes));
  return own;
}

Result<SnpEvidence> ReadSnpEvidence(const SnpFiles& files) {
  SnpEvidence evidence;
  evidence.report = COCOS_TRY(ReadBytes(files.report, kMaxEvidenceBytes));
  evidence.table = COCOS_TRY(ReadIfGiven(files.certs, kMaxEvidenceBytes));
  evidence.own = COCOS_TRY(ReadOwnCertificates(files));
  return evidence;
}

Result<tdx::Collateral> ReadTdxCollateral(const std::string& directory, const Bytes& quote) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    return Fail(ErrorCode::kNotFound, "{}: want a directory with collateral", directory);
  }
  if (IsCache(directory)) return ReadFromCache(directory, quote);
  tdx::Collateral pieces;
  for (const PieceFile& file : PlainLayout()) {
    Result<Bytes> bytes =
        ReadBytes((std::filesystem::path(directory) / file.name).string(), kMaxPieceBytes);
    if (!bytes && bytes.error().code() == ErrorCode::kNotFound) continue;
    if (!bytes) return tl::unexpected(std::move(bytes).error());
    pieces.*file.piece = *std::move(bytes);
  }
  return pieces;
}

Result<ReadPolicyFile> ReadPolicy(const PolicyFile& file) {
  const std::string text = COCOS_TRY(ReadFile(file.path, policy::kMaxPolicyFileBytes));
  Result<ReadPolicyFile> read = ReadPolicyText(text, file);
  if (!read) return tl::unexpected(std::move(read).error().Within(file.path));
  return read;
}

}  // namespace cocos::cli
