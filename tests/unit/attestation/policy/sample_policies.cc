#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {
namespace {

using crypto::DigestAlgorithm;

// Collects "name=value" lines.
class Lines {
 public:
  template <typename T>
  requires std::integral<T>
  void Add(std::string_view name, T value) {
    text_ += fmt::format("{}={}\n", name, static_cast<std::uint64_t>(value));
  }
  void Add(std::string_view name, const std::string& value) {
    text_ += fmt::format("{}={}\n", name, value);
  }
  template <std::size_t N>
  void Add(std::string_view name, const std::array<std::byte, N>& value) {
    Add(name, crypto::HexEncode(value));
  }
  void Add(std::string_view name, const std::vector<std::byte>& value) {
    Add(name, crypto::HexEncode(value));
  }
  void Add(std::string_view name, const snp::TcbVersion& tcb) {
    Add(name,
        fmt::format("{} {} {} {} {}", tcb.fmc, tcb.boot_loader, tcb.tee, tcb.snp, tcb.microcode));
  }
  void Add(std::string_view name, snp::Product product) { Add(name, static_cast<int>(product)); }
  void Add(std::string_view name, tdx::TcbStatus status) { Add(name, static_cast<int>(status)); }
  void Add(std::string_view name, DigestAlgorithm digest) { Add(name, static_cast<int>(digest)); }
  template <typename T>
  void Add(std::string_view name, const std::optional<T>& value) {
    if (value) Add(name, *value);
  }
  template <typename Range>
  void AddEach(std::string_view name, const Range& values) {
    std::size_t index = 0;
    for (const auto& value : values) Add(fmt::format("{}[{}]", name, index++), value);
  }

  std::string Take() && { return std::move(text_); }

 private:
  std::string text_;
};

void DescribeGuestPolicy(const snp::GuestPolicyRules& rules, Lines& lines) {
  lines.Add("min_abi_major", rules.min_abi_major);
  lines.Add("min_abi_minor", rules.min_abi_minor);
  lines.Add("allow_smt", rules.allow_smt);
  lines.Add("allow_migration_agent", rules.allow_migration_agent);
  lines.Add("allow_debug", rules.allow_debug);
  lines.Add("allow_cxl", rules.allow_cxl);
  lines.Add("require_single_socket", rules.require_single_socket);
  lines.Add("require_aes_256_xts", rules.require_aes_256_xts);
  lines.Add("require_rapl_disabled", rules.require_rapl_disabled);
  lines.Add("require_ciphertext_hiding", rules.require_ciphertext_hiding);
  lines.Add("require_page_swap_disabled", rules.require_page_swap_disabled);
}

void DescribePlatform(const snp::PlatformRules& rules, Lines& lines) {
  lines.Add("platform.allow_smt", rules.allow_smt);
  lines.Add("platform.allow_tsme", rules.allow_tsme);
  lines.Add("platform.allow_tio", rules.allow_tio);
  lines.Add("platform.require_ecc", rules.require_ecc);
  lines.Add("platform.require_rapl_disabled", rules.require_rapl_disabled);
  lines.Add("platform.require_ciphertext_hiding", rules.require_ciphertext_hiding);
  lines.Add("platform.require_alias_check", rules.require_alias_check);
}

void DescribeSnp(const snp::Policy& policy, Lines& lines) {
  DescribeGuestPolicy(policy.guest_policy, lines);
  if (policy.platform) DescribePlatform(*policy.platform, lines);
  lines.Add("min_guest_svn", policy.min_guest_svn);
  lines.Add("vmpl", policy.vmpl);
  lines.AddEach("measurements", policy.measurements);
  lines.Add("report_data", policy.report_data);
  lines.Add("host_data", policy.host_data);
  lines.Add("family_id", policy.family_id);
  lines.Add("image_id", policy.image_id);
  lines.Add("report_id", policy.report_id);
  lines.Add("report_id_ma", policy.report_id_ma);
  lines.Add("chip_id", policy.chip_id);
  lines.Add("product", policy.product);
  lines.Add("min_tcb", policy.min_tcb);
  lines.Add("min_launch_tcb", policy.min_launch_tcb);
  lines.Add("min_build", policy.min_build);
  lines.Add("min_major", policy.min_major);
  lines.Add("min_minor", policy.min_minor);
  lines.Add("permit_provisional_firmware", policy.permit_provisional_firmware);
  lines.Add("require_author_key", policy.require_author_key);
  lines.Add("require_id_block", policy.require_id_block);
  lines.AddEach("trusted_author_keys", policy.trusted_author_keys);
  lines.AddEach("trusted_id_keys", policy.trusted_id_keys);
  lines.Add("min_launch_mitigations", policy.min_launch_mitigations);
  lines.Add("min_current_mitigations", policy.min_current_mitigations);
  lines.Add("allow_masked_chip_id", policy.allow_masked_chip_id);
  lines.Add("require_crl", policy.require_crl);
}

void DescribeTdx(const tdx::Policy& policy, Lines& lines) {
  lines.Add("qe_vendor_id", policy.qe_vendor_id);
  lines.Add("min_qe_svn", policy.min_qe_svn);
  lines.Add("min_pce_svn", policy.min_pce_svn);
  lines.Add("min_tee_tcb_svn", policy.min_tee_tcb_svn);
  lines.Add("mr_seam", policy.mr_seam);
  lines.Add("td_attributes", policy.td_attributes);
  lines.Add("td_attributes_mask", policy.td_attributes_mask);
  lines.Add("xfam", policy.xfam);
  lines.AddEach("mr_td", policy.mr_td);
  lines.Add("mr_config_id", policy.mr_config_id);
  lines.Add("mr_owner", policy.mr_owner);
  lines.Add("mr_owner_config", policy.mr_owner_config);
  lines.AddEach("rtmrs", policy.rtmrs);
  lines.Add("report_data", policy.report_data);
  lines.Add("allow_debug", policy.allow_debug);
  lines.Add("allow_migration", policy.allow_migration);
  lines.Add("allow_service_td", policy.allow_service_td);
  lines.AddEach("accepted_tcb_statuses", policy.accepted_tcb_statuses);
  lines.AddEach("accepted_advisories", policy.accepted_advisories);
  lines.Add("min_tcb_evaluation_data_number", policy.min_tcb_evaluation_data_number);
  lines.Add("require_collateral", policy.require_collateral);
}

void DescribeTpm(const vtpm::Policy& policy, Lines& lines) {
  for (const auto& [algorithm, pcrs] : policy.expected_pcrs) {
    for (const auto& [index, value] : pcrs) {
      lines.Add(fmt::format("pcrs.{}.{}", crypto::DigestName(algorithm), index), value);
    }
  }
  lines.Add("require_event_log", policy.require_event_log);
  lines.Add("require_bound_key", policy.require_bound_key);
  lines.AddEach("accepted_digests", policy.accepted_digests);
}

snp::Policy SnpFields() {
  return {.guest_policy = {.min_abi_major = 1,
                           .min_abi_minor = 55,
                           .allow_smt = false,
                           .allow_migration_agent = true,
                           .allow_cxl = true,
                           .require_single_socket = true,
                           .require_aes_256_xts = true,
                           .require_rapl_disabled = true,
                           .require_ciphertext_hiding = true,
                           .require_page_swap_disabled = true},
          .platform = snp::PlatformRules{.allow_smt = false,
                                         .allow_tsme = false,
                                         .allow_tio = false,
                                         .require_ecc = true,
                                         .require_rapl_disabled = true,
                                         .require_ciphertext_hiding = true,
                                         .require_alias_check = true},
          .min_guest_svn = 7,
          .vmpl = 2,
          .measurements = {Octets<48>(1)},
          .report_data = Octets<64>(2),
          .host_data = Octets<32>(3),
          .family_id = Octets<16>(4),
          .image_id = Octets<16>(5),
          .report_id = Octets<32>(6),
          .report_id_ma = Octets<32>(7),
          .chip_id = Octets<64>(8),
          .product = snp::Product::kGenoa,
          .min_tcb = {.boot_loader = 9, .tee = 1, .snp = 21, .microcode = 0x48},
          .min_launch_tcb = {.boot_loader = 8, .tee = 2, .snp = 20, .microcode = 0xff},
          .min_build = 31,
          .min_major = 1,
          .min_minor = 55,
          .permit_provisional_firmware = true,
          .require_author_key = true,
          .require_id_block = true,
          .trusted_author_keys = {Octets<48>(9), Octets<48>(10)},
          .trusted_id_keys = {Octets<48>(11)},
          .allow_masked_chip_id = true,
          .require_crl = true};
}

tdx::Policy TdxFields() {
  return {.qe_vendor_id = Octets<16>(1),
          .min_qe_svn = 3,
          .min_pce_svn = 65535,
          .min_tee_tcb_svn = Octets<16>(2),
          .mr_seam = Octets<48>(3),
          .xfam = Octets<8>(5),
          .mr_td = {Octets<48>(6)},
          .mr_config_id = Octets<48>(7),
          .mr_owner = Octets<48>(8),
          .mr_owner_config = Octets<48>(9),
          .rtmrs = {Octets<48>(10), Octets<48>(11), std::nullopt, Octets<48>(13)},
          .report_data = Octets<64>(14)};
}

std::vector<std::byte> PcrValue(DigestAlgorithm algorithm, unsigned index) {
  return std::vector<std::byte>(crypto::DigestSize(algorithm), static_cast<std::byte>(index + 1));
}

}  // namespace

Policy FullSnp() {
  snp::Policy fields = SnpFields();
  fields.measurements.push_back(Octets<48>(99));
  fields.product = snp::Product::kTurin;
  fields.min_tcb.fmc = 4;
  fields.min_launch_mitigations = 0x8000000000000001;
  fields.min_current_mitigations = 5;
  return {.name = "full-snp", .snp = fields, .tpm = FullTpm()};
}

Policy FullTdx() {
  tdx::Policy fields = TdxFields();
  fields.td_attributes =
      std::array<std::byte, 8>{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0x30}};
  fields.td_attributes_mask = Octets<8>(0xf0);
  fields.mr_td.push_back(Octets<48>(77));
  fields.allow_migration = true;
  fields.allow_service_td = true;
  fields.accepted_tcb_statuses = {tdx::TcbStatus::kSwHardeningNeeded, tdx::TcbStatus::kOutOfDate};
  fields.accepted_advisories = {"INTEL-SA-00837", "INTEL-SA-01036"};
  fields.min_tcb_evaluation_data_number = 17;
  fields.require_collateral = false;
  return {.name = "full-tdx", .tdx = fields, .tpm = FullTpm()};
}

vtpm::Policy FullTpm() {
  vtpm::Policy policy;
  using enum DigestAlgorithm;
  for (const DigestAlgorithm algorithm : {kSha1, kSha256, kSha384, kSha512}) {
    for (const unsigned index : {0U, 9U, 23U}) {
      policy.expected_pcrs[algorithm][index] = PcrValue(algorithm, index);
    }
  }
  policy.require_event_log = true;
  policy.require_bound_key = false;
  policy.accepted_digests = {kSha384};
  return policy;
}

Policy UpstreamSnp() {
  Policy policy = {.snp = SnpFields()};
  vtpm::Policy& tpm = policy.tpm.emplace();
  tpm.require_bound_key = false;
  for (const unsigned index : {0U, 1U, 9U, 10U}) {
    using enum DigestAlgorithm;
    tpm.expected_pcrs[kSha256][index] = PcrValue(kSha256, index);
    tpm.expected_pcrs[kSha384][index] = PcrValue(kSha384, index);
  }
  return policy;
}

Policy UpstreamTdx() {
  Policy policy = {.tdx = TdxFields()};
  policy.tdx->td_attributes = std::array<std::byte, 8>{};
  (*policy.tdx->td_attributes)[3] = std::byte{0x10};  // SEPT_VE_DISABLE
  policy.tdx->allow_service_td = true;
  return policy;
}

Policy SmallSnp() { return {.snp = snp::Policy{.measurements = {Octets<48>(1)}}}; }

Policy SmallTdx() { return {.tdx = tdx::Policy{.mr_td = {Octets<48>(6)}}}; }

std::string Describe(const Policy& policy) {
  Lines lines;
  lines.Add("name", policy.name);
  lines.Add("profile", std::string(ProfileName(policy.profile)));
  if (policy.snp) DescribeSnp(*policy.snp, lines);
  if (policy.tdx) DescribeTdx(*policy.tdx, lines);
  if (policy.tpm) DescribeTpm(*policy.tpm, lines);
  return std::move(lines).Take();
}

}  // namespace cocos::attestation::policy::testing
