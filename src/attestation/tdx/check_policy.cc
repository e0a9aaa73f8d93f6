#include <fmt/chrono.h>

#include <algorithm>
#include <utility>

#include "attestation/tdx/tcb_status.h"
#include "attestation/tdx/verify.h"
#include "crypto/digest.h"

namespace cocos::attestation::tdx {
namespace {

constexpr char kQuoteSource[] = "Intel TDX DCAP Quoting Library API, A.3 Quote Header";
constexpr char kBodySource[] = "Intel TDX DCAP Quoting Library API, A.3.2 TD Quote Body";
constexpr char kModuleSource[] = "Intel TDX Module Base Architecture Specification, TEE_TCB_INFO";
constexpr char kAttributesSource[] = "Intel TDX Module ABI Reference, ATTRIBUTES";
constexpr char kXfamSource[] = "Intel TDX Module ABI Reference, XFAM";
constexpr char kTcbSource[] = "Intel PCS API v4, Get TDX TCB Info";
constexpr char kPckSource[] = "Intel SGX PCK Certificate and CRL Profile, 1.3.5";

// Bits of TD_ATTRIBUTES.
constexpr std::uint64_t kUnderDebug = 0xff;  // the whole group: any of them opens the TD
constexpr std::uint64_t kMigratable = 1ULL << 29;
// DEBUG, HGS+, PERF and PMT profiling, ICSSD, LASS, SEPT_VE_DISABLE, MIGRATABLE, PKS, KL, TPA,
// PERFMON.
constexpr std::uint64_t kKnownAttributes = 1ULL << 0 | 1ULL << 4 | 1ULL << 5 | 1ULL << 6 |
                                           1ULL << 16 | 1ULL << 27 | 1ULL << 28 | 1ULL << 29 |
                                           1ULL << 30 | 1ULL << 31 | 1ULL << 62 | 1ULL << 63;
// XFAM: x87 and SSE are always on; the rest is AVX, AVX-512, PT, PKRU, CET, UINTR, LBR and AMX.
constexpr std::uint64_t kRequiredXfam = 0x3;
constexpr std::uint64_t kKnownXfam = 0x6dbe7;

std::uint64_t Number(const std::array<std::byte, 8>& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  }
  return value;
}

bool IsZero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

std::string Hex(std::uint64_t value) { return fmt::format("{:#x}", value); }

std::string TimeText(crypto::TimePoint time) { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", time); }

template <std::size_t N>
Claim BytesClaim(std::string_view name, const std::optional<std::array<std::byte, N>>& expected,
                 const std::array<std::byte, N>& actual, std::string_view source) {
  if (!expected) return Told(name, crypto::HexEncode(actual), source);
  return ExpectBytes(name, *expected, actual, source);
}

Claim MinimumClaim(std::string_view name, std::uint64_t minimum, std::uint64_t actual,
                   std::string_view source) {
  if (minimum == 0) return Told(name, std::to_string(actual), source);
  return Expect(name, actual >= minimum, fmt::format("at least {}", minimum),
                std::to_string(actual), source);
}

Claim TeeTcbSvnClaim(const std::array<std::byte, 16>& minimum, const TeeTcbSvn& actual) {
  const auto bytes = std::as_bytes(std::span(actual));
  const std::string text = crypto::HexEncode(bytes);
  if (IsZero(minimum)) return Told("tdx.tee-tcb-svn", text, kBodySource);
  const bool reached = std::ranges::equal(bytes, minimum, std::greater_equal());
  return Expect("tdx.tee-tcb-svn", reached,
                fmt::format("byte by byte at least {}", crypto::HexEncode(minimum)), text,
                kBodySource);
}

Claim TdAttributesClaim(const Policy& policy, const std::array<std::byte, 8>& actual) {
  if (!policy.td_attributes) {
    return Told("tdx.td-attributes", crypto::HexEncode(actual), kAttributesSource);
  }
  const std::uint64_t mask = Number(policy.td_attributes_mask);
  const bool same = (Number(actual) & mask) == (Number(*policy.td_attributes) & mask);
  return Expect("tdx.td-attributes", same,
                fmt::format("{} under the mask {}", crypto::HexEncode(*policy.td_attributes),
                            crypto::HexEncode(policy.td_attributes_mask)),
                crypto::HexEncode(actual), kAttributesSource);
}

Claim MrTdClaim(const std::vector<Digest384>& accepted, const Digest384& actual) {
  if (accepted.size() == 1) return ExpectBytes("tdx.mr-td", accepted[0], actual, kBodySource);
  if (accepted.empty()) return Told("tdx.mr-td", crypto::HexEncode(actual), kBodySource);
  const bool found = std::ranges::find(accepted, actual) != accepted.end();
  return Expect("tdx.mr-td", found, fmt::format("one of {} values", accepted.size()),
                crypto::HexEncode(actual), kBodySource);
}

Claim ServiceTdClaim(const Policy& policy, const TdReport& report) {
  constexpr std::string_view kName = "tdx.mr-service-td";
  if (!report.v15) return Told(kName, "not told by a TD report 1.0", kBodySource);
  const std::string actual = crypto::HexEncode(report.v15->mr_service_td);
  if (policy.allow_service_td) return Told(kName, actual, kBodySource);
  return Expect(kName, IsZero(report.v15->mr_service_td), "zero", actual, kBodySource);
}

void AddHeader(Verdict& verdict, const QuoteHeader& header, const Policy& policy) {
  verdict.Add(Told("tdx.quote-version", std::to_string(header.version), kQuoteSource));
  verdict.Add(
      BytesClaim("tdx.qe-vendor-id", policy.qe_vendor_id, header.qe_vendor_id, kQuoteSource));
  verdict.Add(MinimumClaim("tdx.qe-svn", policy.min_qe_svn, header.qe_svn, kQuoteSource));
  verdict.Add(MinimumClaim("tdx.pce-svn", policy.min_pce_svn, header.pce_svn, kQuoteSource));
}

// The module is Intel's own, whether or not TCB info was there to say so.
void AddModule(Verdict& verdict, const TdReport& report, const Policy& policy) {
  verdict.Add(TeeTcbSvnClaim(policy.min_tee_tcb_svn, report.tee_tcb_svn));
  verdict.Add(BytesClaim("tdx.mr-seam", policy.mr_seam, report.mr_seam, kModuleSource));
  verdict.Add(Expect("tdx.mr-signer-seam", IsZero(report.mr_signer_seam), "zero (Intel)",
                     crypto::HexEncode(report.mr_signer_seam), kModuleSource));
  verdict.Add(Expect("tdx.seam-attributes", IsZero(report.seam_attributes), "zero",
                     crypto::HexEncode(report.seam_attributes), kModuleSource));
}

void AddAttributes(Verdict& verdict, const TdReport& report, const Policy& policy) {
  const std::uint64_t attributes = Number(report.td_attributes);
  verdict.Add(TdAttributesClaim(policy, report.td_attributes));
  verdict.Add(Expect("tdx.td-attributes-known", (attributes & ~kKnownAttributes) == 0,
                     "no bit that is not known", Hex(attributes), kAttributesSource));
  verdict.Add(Expect("tdx.debug", policy.allow_debug || (attributes & kUnderDebug) == 0,
                     policy.allow_debug ? "allowed" : "off", Hex(attributes & kUnderDebug),
                     kAttributesSource));
  const bool migratable = (attributes & kMigratable) != 0;
  verdict.Add(Expect("tdx.migratable", policy.allow_migration || !migratable,
                     policy.allow_migration ? "allowed" : "no", migratable ? "yes" : "no",
                     kAttributesSource));
  const std::uint64_t xfam = Number(report.xfam);
  verdict.Add(BytesClaim("tdx.xfam", policy.xfam, report.xfam, kXfamSource));
  verdict.Add(Expect("tdx.xfam-known",
                     (xfam & ~kKnownXfam) == 0 && (xfam & kRequiredXfam) == kRequiredXfam,
                     fmt::format("{:#x} and nothing outside of {:#x}", kRequiredXfam, kKnownXfam),
                     Hex(xfam), kXfamSource));
}

void AddMeasurements(Verdict& verdict, const TdReport& report, const Policy& policy) {
  verdict.Add(MrTdClaim(policy.mr_td, report.mr_td));
  verdict.Add(
      BytesClaim("tdx.mr-config-id", policy.mr_config_id, report.mr_config_id, kBodySource));
  verdict.Add(BytesClaim("tdx.mr-owner", policy.mr_owner, report.mr_owner, kBodySource));
  verdict.Add(BytesClaim("tdx.mr-owner-config", policy.mr_owner_config, report.mr_owner_config,
                         kBodySource));
  for (std::size_t i = 0; i < report.rtmrs.size(); ++i) {
    verdict.Add(
        BytesClaim(fmt::format("tdx.rtmr.{}", i), policy.rtmrs[i], report.rtmrs[i], kBodySource));
  }
  verdict.Add(ServiceTdClaim(policy, report));
  verdict.Add(BytesClaim("tdx.report-data", policy.report_data, report.report_data, kBodySource));
}

std::string AcceptedText(const std::set<TcbStatus>& accepted) {
  std::string text;
  for (const TcbStatus status : accepted) {
    if (status == TcbStatus::kRevoked) continue;
    fmt::format_to(std::back_inserter(text), "{}{}", text.empty() ? "" : ", ",
                   TcbStatusName(status));
  }
  return text;
}

Claim StatusClaim(const Policy& policy, TcbStatus status) {
  const bool accepted =
      status != TcbStatus::kRevoked && policy.accepted_tcb_statuses.contains(status);
  return Expect("tdx.tcb-status", accepted, AcceptedText(policy.accepted_tcb_statuses),
                std::string(TcbStatusName(status)), kTcbSource);
}

Claim AdvisoriesClaim(const std::set<std::string>& accepted,
                      const std::vector<std::string>& advisories) {
  const std::string actual = fmt::format("{}", fmt::join(advisories, ", "));
  if (accepted.empty()) return Told("tdx.advisories", actual, kTcbSource);
  const bool all = std::ranges::all_of(
      advisories, [&](const std::string& name) { return accepted.contains(name); });
  return Expect("tdx.advisories", all, fmt::format("none but {}", fmt::join(accepted, ", ")),
                actual, kTcbSource);
}

void AddTcb(Verdict& verdict, const TcbVerdict& tcb, const Policy& policy) {
  verdict.Add(StatusClaim(policy, tcb.status));
  verdict.Add(AdvisoriesClaim(policy.accepted_advisories, tcb.advisories));
  verdict.Add(MinimumClaim("tdx.tcb-evaluation-data-number", policy.min_tcb_evaluation_data_number,
                           tcb.tcb_evaluation_data_number, kTcbSource));
  verdict.Add(Told("tdx.tcb-date", TimeText(tcb.tcb_date), kTcbSource));
  verdict.Add(Told("tdx.relaunch-advised", tcb.relaunch ? "yes" : "no", kTcbSource));
  for (const PieceExpiry& piece : tcb.expiries) {
    verdict.Add(Told(fmt::format("tdx.expires.{}", CollateralPieceName(piece.piece)),
                     TimeText(piece.expires), kTcbSource));
  }
}

// What cannot be known without collateral is refused where the policy asks for it.
void AddMissingTcb(Verdict& verdict, const VerifiedQuote& quote, const Policy& policy) {
  Claim collateral = policy.require_collateral
                         ? Expect("tdx.collateral", false, "verified", "none", kTcbSource)
                         : Told("tdx.collateral", "none", kTcbSource);
  collateral.detail =
      "only signatures were verified: neither revocation nor the TCB nor the quoting enclave";
  verdict.Add(std::move(collateral));
  if (policy.min_tcb_evaluation_data_number > 0) {
    verdict.Add(Expect("tdx.tcb-evaluation-data-number", false,
                       fmt::format("at least {}", policy.min_tcb_evaluation_data_number),
                       "not known", kTcbSource));
  }
  verdict.Add(Told("tdx.expires.pck-chain", TimeText(quote.pck_chain_expires()), kPckSource));
}

}  // namespace

std::vector<Claim> CheckPolicy(const VerifiedQuote& quote, const Policy& policy) {
  Verdict verdict;
  AddHeader(verdict, quote.quote().header, policy);
  verdict.Add(Told("tdx.fmspc", crypto::HexEncode(quote.pck().fmspc), kPckSource));
  if (quote.tcb()) {
    verdict.Add(Told("tdx.collateral", "verified", kTcbSource));
    AddTcb(verdict, *quote.tcb(), policy);
  } else {
    AddMissingTcb(verdict, quote, policy);
  }
  AddModule(verdict, quote.report(), policy);
  AddAttributes(verdict, quote.report(), policy);
  AddMeasurements(verdict, quote.report(), policy);
  return std::move(verdict.claims);
}

}  // namespace cocos::attestation::tdx
