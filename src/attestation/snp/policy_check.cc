#include "attestation/snp/policy_check.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "attestation/snp/product.h"
#include "crypto/digest.h"

namespace cocos::attestation::snp {
namespace {

constexpr std::string_view kReportSource = "AMD 56860, ATTESTATION_REPORT";
constexpr std::string_view kPolicySource = "AMD 56860, POLICY";
constexpr std::string_view kPlatformSource = "AMD 56860, PLATFORM_INFO";
constexpr std::string_view kTcbSource = "AMD 56860, TCB_VERSION";
constexpr std::string_view kKeySource = "AMD 56860, ID authentication information structure";
constexpr std::string_view kChainSource = "AMD 57230, certificate formats and chain of trust";

using Claims = std::vector<Claim>;

std::string YesNo(bool value) { return value ? "yes" : "no"; }

// A bit that may be set only where it is allowed.
Claim MayBeSet(std::string_view name, bool allowed, bool set, std::string_view source) {
  return Expect(name, allowed || !set, allowed ? "yes or no" : "no", YesNo(set), source);
}

// A bit that must be set where it is demanded; else its value is told.
Claim MustBeSet(std::string_view name, bool required, bool set, std::string_view source) {
  if (!required) return Told(name, YesNo(set), source);
  return Expect(name, set, "yes", YesNo(set), source);
}

template <std::size_t N>
Claim SameBytes(std::string_view name, const std::optional<std::array<std::byte, N>>& expected,
                const std::array<std::byte, N>& actual) {
  if (!expected) return Told(name, crypto::HexEncode(actual), kReportSource);
  return ExpectBytes(name, *expected, actual, kReportSource);
}

bool OneOf(const std::vector<Digest384>& digests, const Digest384& digest) {
  return std::ranges::any_of(digests, [&digest](const Digest384& candidate) {
    return crypto::EqualInConstantTime(candidate, digest);
  });
}

std::string HexList(const std::vector<Digest384>& digests) {
  std::string text;
  for (const Digest384& digest : digests) {
    if (!text.empty()) text += " or ";
    text += crypto::HexEncode(digest);
  }
  return text;
}

Claim WithDetail(Claim claim, std::string_view detail) {
  if (claim.outcome == Outcome::kFailed) claim.detail = detail;
  return claim;
}

// --- What Verify has established.

Claim SignatureClaim(const VerifiedReport& verified) {
  return Expect("snp.signature", true, "by an endorsement key of the chip and TCB",
                fmt::format("{} of {}", SigningKeyName(verified.report().signing_key),
                            verified.vek().product_name),
                kChainSource);
}

Claim RootClaim(const VerifiedReport& verified) {
  const std::string actual = fmt::format("ARK of {}", ProductName(verified.product()));
  if (verified.root() == RootKind::kAmd) {
    return Expect("snp.root", true, "a pinned key of AMD", actual, kChainSource);
  }
  return Told("snp.root", actual + " that the caller added; not AMD's", kChainSource);
}

Claim CrlClaim(const VerifiedReport& verified, const Policy& policy) {
  const bool checked = verified.revocation_checked();
  const std::string actual = checked ? "current, intermediate not listed" : "none given";
  if (!checked && !policy.require_crl) return Told("snp.crl", actual, kChainSource);
  return Expect("snp.crl", checked, policy.require_crl ? "required" : "if given", actual,
                kChainSource);
}

Claim ChipBindingClaim(const VerifiedReport& verified, const Policy& policy) {
  constexpr std::string_view kName = "snp.chip-binding";
  if (verified.report().signing_key == SigningKey::kVlek) {
    return Told(kName, "none: a VLEK is its provider's: " + verified.vek().csp_id, kReportSource);
  }
  if (verified.chip_bound()) {
    return Expect(kName, true, crypto::HexEncode(verified.vek().hardware_id),
                  crypto::HexEncode(verified.report().chip_id), kReportSource);
  }
  constexpr const char* kMasked = "chip id masked by the host";
  if (policy.allow_masked_chip_id) return Told(kName, kMasked, kReportSource);
  return Expect(kName, false, crypto::HexEncode(verified.vek().hardware_id), kMasked,
                kReportSource);
}

Claim ProductClaim(const VerifiedReport& verified, const Policy& policy) {
  const std::string actual(ProductName(verified.product()));
  if (!policy.product) return Told("snp.product", actual, kChainSource);
  return Expect("snp.product", *policy.product == verified.product(),
                std::string(ProductName(*policy.product)), actual, kChainSource);
}

void AddEstablished(const VerifiedReport& verified, const Policy& policy, Claims& claims) {
  claims.push_back(SignatureClaim(verified));
  claims.push_back(RootClaim(verified));
  claims.push_back(CrlClaim(verified, policy));
  claims.push_back(ChipBindingClaim(verified, policy));
  claims.push_back(ProductClaim(verified, policy));
}

// --- Guest.

Claim GuestSvnClaim(const Report& report, const Policy& policy) {
  return Expect("snp.guest-svn", report.guest_svn >= policy.min_guest_svn,
                fmt::format("at least {}", policy.min_guest_svn),
                fmt::format("{}", report.guest_svn), kReportSource);
}

Claim AbiClaim(const GuestPolicy& actual, const GuestPolicyRules& rules) {
  const bool holds = std::pair(actual.abi_major(), actual.abi_minor()) >=
                     std::pair(rules.min_abi_major, rules.min_abi_minor);
  return Expect("snp.guest-policy.abi", holds,
                fmt::format("at least {}.{}", rules.min_abi_major, rules.min_abi_minor),
                fmt::format("{}.{}", actual.abi_major(), actual.abi_minor()), kPolicySource);
}

void AddGuestPolicy(const GuestPolicy& actual, const GuestPolicyRules& rules, Claims& claims) {
  const auto may = [&claims](std::string_view name, bool allowed, bool set) {
    claims.push_back(MayBeSet(name, allowed, set, kPolicySource));
  };
  const auto must = [&claims](std::string_view name, bool required, bool set) {
    claims.push_back(MustBeSet(name, required, set, kPolicySource));
  };
  claims.push_back(AbiClaim(actual, rules));
  may("snp.guest-policy.smt", rules.allow_smt, actual.smt());
  may("snp.guest-policy.migration-agent", rules.allow_migration_agent, actual.migration_agent());
  may("snp.guest-policy.debug", rules.allow_debug, actual.debug());
  may("snp.guest-policy.cxl", rules.allow_cxl, actual.cxl());
  must("snp.guest-policy.single-socket", rules.require_single_socket, actual.single_socket());
  must("snp.guest-policy.aes-256-xts", rules.require_aes_256_xts, actual.aes_256_xts());
  must("snp.guest-policy.rapl-disabled", rules.require_rapl_disabled, actual.rapl_disabled());
  must("snp.guest-policy.ciphertext-hiding", rules.require_ciphertext_hiding,
       actual.ciphertext_hiding());
  must("snp.guest-policy.page-swap-disabled", rules.require_page_swap_disabled,
       actual.page_swap_disabled());
}

Claim MeasurementClaim(const Report& report, const Policy& policy) {
  const std::string actual = crypto::HexEncode(report.measurement);
  if (policy.measurements.empty()) return Told("snp.measurement", actual, kReportSource);
  return Expect("snp.measurement", OneOf(policy.measurements, report.measurement),
                HexList(policy.measurements), actual, kReportSource);
}

std::string VmplText(std::uint32_t vmpl) {
  return vmpl == kHostVmpl ? "none (the host asked)" : fmt::format("{}", vmpl);
}

Claim VmplClaim(const Report& report, const Policy& policy) {
  if (policy.vmpl) {
    return Expect("snp.vmpl", report.vmpl == *policy.vmpl, VmplText(*policy.vmpl),
                  VmplText(report.vmpl), kReportSource);
  }
  if (report.vmpl != kHostVmpl) return Told("snp.vmpl", VmplText(report.vmpl), kReportSource);
  // Nothing in such a report was chosen by the guest, so it proves no nonce and no freshness.
  return Expect("snp.vmpl", false, "0 to 3", VmplText(report.vmpl), kReportSource);
}

void AddIdentity(const Report& report, const Policy& policy, Claims& claims) {
  claims.push_back(MeasurementClaim(report, policy));
  claims.push_back(SameBytes("snp.report-data", policy.report_data, report.report_data));
  claims.push_back(SameBytes("snp.host-data", policy.host_data, report.host_data));
  claims.push_back(SameBytes("snp.family-id", policy.family_id, report.family_id));
  claims.push_back(SameBytes("snp.image-id", policy.image_id, report.image_id));
  claims.push_back(SameBytes("snp.report-id", policy.report_id, report.report_id));
  claims.push_back(SameBytes("snp.report-id-ma", policy.report_id_ma, report.report_id_ma));
  claims.push_back(SameBytes("snp.chip-id", policy.chip_id, report.chip_id));
  claims.push_back(VmplClaim(report, policy));
}

// --- Firmware.

Claim TcbClaim(std::string_view name, Product product, const TcbVersion& actual,
               const TcbVersion& minimum) {
  return Expect(name, AtLeast(actual, minimum), "at least " + TcbText(product, minimum),
                TcbText(product, actual), kTcbSource);
}

// Committed firmware cannot be rolled back. Provisional firmware runs ahead of it.
Claim CommittedTcbClaim(const VerifiedReport& verified, const Policy& policy) {
  const ReportTcbs& tcbs = verified.tcbs();
  const bool provisional = policy.permit_provisional_firmware;
  return Expect(
      "snp.tcb.committed",
      provisional ? AtLeast(tcbs.current, tcbs.committed) : tcbs.current == tcbs.committed,
      std::string(provisional ? "at most " : "") + TcbText(verified.product(), tcbs.current),
      TcbText(verified.product(), tcbs.committed), kTcbSource);
}

void AddTcbs(const VerifiedReport& verified, const Policy& policy, Claims& claims) {
  const Product product = verified.product();
  const ReportTcbs& tcbs = verified.tcbs();
  claims.push_back(CommittedTcbClaim(verified, policy));
  claims.push_back(TcbClaim("snp.tcb.launch", product, tcbs.launch, policy.min_launch_tcb));
  // Verify has found the reported TCB and that of the certificate to be the same.
  claims.push_back(Expect("snp.tcb.certificate", tcbs.reported == verified.vek().tcb,
                          TcbText(product, tcbs.reported), TcbText(product, verified.vek().tcb),
                          kTcbSource));
  claims.push_back(TcbClaim("snp.tcb.current", product, tcbs.current, verified.vek().tcb));
  claims.push_back(TcbClaim("snp.tcb.reported", product, tcbs.reported, policy.min_tcb));
}

std::string VersionText(const FirmwareVersion& version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.build);
}

// The build and major.minor count apart: builds go on through releases.
bool AtLeast(const FirmwareVersion& version, const FirmwareVersion& minimum) {
  return version.build >= minimum.build &&
         std::pair(version.major, version.minor) >= std::pair(minimum.major, minimum.minor);
}

void AddFirmwareVersions(const Report& report, const Policy& policy, Claims& claims) {
  const FirmwareVersion& current = report.current_version;
  const FirmwareVersion& committed = report.committed_version;
  const FirmwareVersion minimum = {policy.min_build, policy.min_minor, policy.min_major};
  claims.push_back(
      Expect("snp.firmware.current", AtLeast(current, minimum),
             fmt::format("at least {}.{}, build {}", minimum.major, minimum.minor, minimum.build),
             VersionText(current), kReportSource));
  const bool provisional = policy.permit_provisional_firmware;
  claims.push_back(Expect("snp.firmware.committed",
                          provisional ? AtLeast(current, committed) : current == committed,
                          std::string(provisional ? "at most " : "") + VersionText(current),
                          VersionText(committed), kReportSource));
}

Claim MitigationClaim(std::string_view name, const std::optional<std::uint64_t>& minimum,
                      std::optional<std::uint64_t> actual) {
  const std::string text = actual ? fmt::format("{:#x}", *actual) : "not in this report version";
  if (!minimum) return Told(name, text, kReportSource);
  return Expect(name, actual && (*actual & *minimum) == *minimum,
                fmt::format("with all bits of {:#x}", *minimum), text, kReportSource);
}

void AddMitigations(const Report& report, const Policy& policy, Claims& claims) {
  std::optional<std::uint64_t> launch;
  std::optional<std::uint64_t> current;
  if (report.mitigations) {
    launch = report.mitigations->launch;
    current = report.mitigations->current;
  }
  claims.push_back(
      MitigationClaim("snp.mitigations.launch", policy.min_launch_mitigations, launch));
  claims.push_back(
      MitigationClaim("snp.mitigations.current", policy.min_current_mitigations, current));
}

void AddPlatform(const PlatformInfo& actual, const std::optional<PlatformRules>& rules,
                 Claims& claims) {
  if (!rules) {
    claims.push_back(Told("snp.platform", fmt::format("{:#x}", actual.bits()), kPlatformSource));
    return;
  }
  const auto may = [&claims](std::string_view name, bool allowed, bool set) {
    claims.push_back(MayBeSet(name, allowed, set, kPlatformSource));
  };
  const auto must = [&claims](std::string_view name, bool required, bool set) {
    claims.push_back(MustBeSet(name, required, set, kPlatformSource));
  };
  may("snp.platform.smt", rules->allow_smt, actual.smt());
  may("snp.platform.tsme", rules->allow_tsme, actual.tsme());
  may("snp.platform.tio", rules->allow_tio, actual.tio());
  must("snp.platform.ecc", rules->require_ecc, actual.ecc());
  must("snp.platform.rapl-disabled", rules->require_rapl_disabled, actual.rapl_disabled());
  must("snp.platform.ciphertext-hiding", rules->require_ciphertext_hiding,
       actual.ciphertext_hiding());
  must("snp.platform.alias-check", rules->require_alias_check, actual.alias_check_complete());
}

// --- Who made the launch identity.

bool AuthorTrusted(const Report& report, const Policy& policy) {
  return report.author_key_enabled && OneOf(policy.trusted_author_keys, report.author_key_digest);
}

// All zeros stand for a guest without an ID block, which no list can make trusted.
bool IdKeyTrusted(const Report& report, const Policy& policy) {
  return report.id_key_digest != Digest384{} && OneOf(policy.trusted_id_keys, report.id_key_digest);
}

Claim AuthorKeyClaim(const Report& report, const Policy& policy) {
  const std::string actual =
      report.author_key_enabled ? crypto::HexEncode(report.author_key_digest) : "none";
  if (!policy.require_author_key) return Told("snp.author-key", actual, kKeySource);
  return WithDetail(Expect("snp.author-key", AuthorTrusted(report, policy),
                           HexList(policy.trusted_author_keys), actual, kKeySource),
                    "no author key of the policy's list signed the ID key");
}

Claim IdBlockClaim(const Report& report, const Policy& policy) {
  const std::string actual = crypto::HexEncode(report.id_key_digest);
  if (!policy.require_id_block && !policy.require_author_key) {
    return Told("snp.id-key", actual, kKeySource);
  }
  const bool trusted = AuthorTrusted(report, policy) || IdKeyTrusted(report, policy);
  return WithDetail(
      Expect("snp.id-key", trusted, HexList(policy.trusted_id_keys), actual, kKeySource),
      "neither the ID key nor an author key behind it is on the policy's lists");
}

}  // namespace

std::vector<Claim> CheckPolicy(const VerifiedReport& verified, const Policy& policy) {
  const Report& report = verified.report();
  Claims claims;
  AddEstablished(verified, policy, claims);
  claims.push_back(GuestSvnClaim(report, policy));
  AddGuestPolicy(report.policy, policy.guest_policy, claims);
  AddIdentity(report, policy, claims);
  AddTcbs(verified, policy, claims);
  AddFirmwareVersions(report, policy, claims);
  AddPlatform(report.platform_info, policy.platform, claims);
  claims.push_back(AuthorKeyClaim(report, policy));
  claims.push_back(IdBlockClaim(report, policy));
  AddMitigations(report, policy, claims);
  return claims;
}

}  // namespace cocos::attestation::snp
