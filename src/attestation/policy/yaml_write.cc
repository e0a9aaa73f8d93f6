#include <algorithm>

#include "attestation/policy/yaml_policy.h"
#include "attestation/snp/product.h"
#include "attestation/tdx/tcb_status.h"
#include "crypto/digest.h"

namespace cocos::attestation::policy {
namespace {

using crypto::DigestAlgorithm;

// A text in double quotes. Control characters are refused before.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

// Keys with their values, one a line, indented by the maps they are in.
class YamlLines {
 public:
  void Plain(std::string_view key, std::string_view value) {
    text_ += fmt::format("{}{}: {}\n", indent_, key, value);
  }
  void Text(std::string_view key, std::string_view value) { Plain(key, Quoted(value)); }
  void Flag(std::string_view key, bool value) { Plain(key, value ? "true" : "false"); }
  void Number(std::string_view key, std::uint64_t value) { Plain(key, std::to_string(value)); }
  void Hex(std::string_view key, std::span<const std::byte> value) {
    Text(key, crypto::HexEncode(value));
  }
  // An absent value and an empty list have no form but their absence.
  template <std::size_t N>
  void HexIfSet(std::string_view key, const std::optional<std::array<std::byte, N>>& value) {
    if (value) Hex(key, *value);
  }
  template <typename T>
  void NumberIfSet(std::string_view key, const std::optional<T>& value) {
    if (value) Number(key, *value);
  }
  template <typename List, typename ToText>
  void Each(std::string_view key, const List& values, ToText to_text) {
    if (values.empty()) return;
    Open(key);
    for (const auto& value : values) {
      text_ += fmt::format("{}- {}\n", indent_, Quoted(to_text(value)));
    }
    Close();
  }
  void HexEach(std::string_view key, const std::vector<snp::Digest384>& values) {
    Each(key, values, [](const auto& value) { return crypto::HexEncode(value); });
  }

  void Open(std::string_view key) {
    text_ += fmt::format("{}{}:\n", indent_, key);
    indent_ += "  ";
  }
  void Close() { indent_.resize(indent_.size() - 2); }
  std::string Take() && { return std::move(text_); }

 private:
  std::string text_;
  std::string indent_;
};

void WriteTcb(std::string_view key, const snp::TcbVersion& tcb, YamlLines& lines) {
  lines.Plain(key, fmt::format("{{fmc: {}, boot_loader: {}, tee: {}, snp: {}, microcode: {}}}",
                               tcb.fmc, tcb.boot_loader, tcb.tee, tcb.snp, tcb.microcode));
}

void WriteVersion(std::string_view key, std::uint8_t major, std::uint8_t minor, YamlLines& lines) {
  lines.Text(key, fmt::format("{}.{}", major, minor));
}

void WriteGuestPolicy(const snp::GuestPolicyRules& rules, YamlLines& lines) {
  lines.Open("guest_policy");
  WriteVersion("min_abi_version", rules.min_abi_major, rules.min_abi_minor, lines);
  lines.Flag("allow_smt", rules.allow_smt);
  lines.Flag("allow_migration_agent", rules.allow_migration_agent);
  lines.Flag("allow_debug", rules.allow_debug);
  lines.Flag("allow_cxl", rules.allow_cxl);
  lines.Flag("require_single_socket", rules.require_single_socket);
  lines.Flag("require_aes_256_xts", rules.require_aes_256_xts);
  lines.Flag("require_rapl_disabled", rules.require_rapl_disabled);
  lines.Flag("require_ciphertext_hiding", rules.require_ciphertext_hiding);
  lines.Flag("require_page_swap_disabled", rules.require_page_swap_disabled);
  lines.Close();
}

void WritePlatform(const snp::PlatformRules& rules, YamlLines& lines) {
  lines.Open("platform");
  lines.Flag("allow_smt", rules.allow_smt);
  lines.Flag("allow_tsme", rules.allow_tsme);
  lines.Flag("allow_tio", rules.allow_tio);
  lines.Flag("require_ecc", rules.require_ecc);
  lines.Flag("require_rapl_disabled", rules.require_rapl_disabled);
  lines.Flag("require_ciphertext_hiding", rules.require_ciphertext_hiding);
  lines.Flag("require_alias_check", rules.require_alias_check);
  lines.Close();
}

void WriteSnpIdentity(const snp::Policy& policy, YamlLines& lines) {
  lines.HexEach("measurements", policy.measurements);
  lines.HexIfSet("report_data", policy.report_data);
  lines.HexIfSet("host_data", policy.host_data);
  lines.HexIfSet("family_id", policy.family_id);
  lines.HexIfSet("image_id", policy.image_id);
  lines.HexIfSet("report_id", policy.report_id);
  lines.HexIfSet("report_id_ma", policy.report_id_ma);
  lines.HexIfSet("chip_id", policy.chip_id);
  if (policy.product) lines.Plain("product", snp::ProductName(*policy.product));
  lines.NumberIfSet("vmpl", policy.vmpl);
  lines.Number("min_guest_svn", policy.min_guest_svn);
}

void WriteSnp(const snp::Policy& policy, YamlLines& lines) {
  lines.Open("snp");
  WriteSnpIdentity(policy, lines);
  WriteGuestPolicy(policy.guest_policy, lines);
  if (policy.platform) WritePlatform(*policy.platform, lines);
  WriteVersion("min_version", policy.min_major, policy.min_minor, lines);
  lines.Number("min_build", policy.min_build);
  WriteTcb("min_tcb", policy.min_tcb, lines);
  WriteTcb("min_launch_tcb", policy.min_launch_tcb, lines);
  lines.Flag("permit_provisional_firmware", policy.permit_provisional_firmware);
  lines.Flag("require_id_block", policy.require_id_block);
  lines.Flag("require_author_key", policy.require_author_key);
  lines.HexEach("trusted_id_keys", policy.trusted_id_keys);
  lines.HexEach("trusted_author_keys", policy.trusted_author_keys);
  lines.NumberIfSet("min_launch_mitigations", policy.min_launch_mitigations);
  lines.NumberIfSet("min_current_mitigations", policy.min_current_mitigations);
  lines.Flag("allow_masked_chip_id", policy.allow_masked_chip_id);
  lines.Flag("require_crl", policy.require_crl);
  lines.Close();
}

void WriteRtmrs(const tdx::Policy& policy, YamlLines& lines) {
  const auto is_set = [](const auto& rtmr) { return rtmr.has_value(); };
  if (std::ranges::none_of(policy.rtmrs, is_set)) return;
  lines.Open("rtmrs");
  for (std::size_t i = 0; i < policy.rtmrs.size(); ++i) {
    lines.HexIfSet(std::to_string(i), policy.rtmrs[i]);
  }
  lines.Close();
}

void WriteTdIdentity(const tdx::Policy& policy, YamlLines& lines) {
  lines.HexEach("mr_td", policy.mr_td);
  WriteRtmrs(policy, lines);
  lines.HexIfSet("mr_seam", policy.mr_seam);
  lines.HexIfSet("mr_config_id", policy.mr_config_id);
  lines.HexIfSet("mr_owner", policy.mr_owner);
  lines.HexIfSet("mr_owner_config", policy.mr_owner_config);
  lines.HexIfSet("report_data", policy.report_data);
  lines.HexIfSet("td_attributes", policy.td_attributes);
  lines.Hex("td_attributes_mask", policy.td_attributes_mask);
  lines.HexIfSet("xfam", policy.xfam);
}

void WriteTdx(const tdx::Policy& policy, YamlLines& lines) {
  lines.Open("tdx");
  WriteTdIdentity(policy, lines);
  lines.HexIfSet("qe_vendor_id", policy.qe_vendor_id);
  lines.Number("min_qe_svn", policy.min_qe_svn);
  lines.Number("min_pce_svn", policy.min_pce_svn);
  lines.Hex("min_tee_tcb_svn", policy.min_tee_tcb_svn);
  lines.Flag("allow_debug", policy.allow_debug);
  lines.Flag("allow_migration", policy.allow_migration);
  lines.Flag("allow_service_td", policy.allow_service_td);
  lines.Each("accepted_tcb_statuses", policy.accepted_tcb_statuses, tdx::TcbStatusName);
  lines.Each("accepted_advisories", policy.accepted_advisories,
             [](const std::string& name) { return name; });
  lines.Number("min_tcb_evaluation_data_number", policy.min_tcb_evaluation_data_number);
  lines.Flag("require_collateral", policy.require_collateral);
  lines.Close();
}

void WritePcrs(const vtpm::PcrValues& values, YamlLines& lines) {
  const auto has_value = [](const auto& bank) { return !bank.second.empty(); };
  if (std::ranges::none_of(values, has_value)) return;
  lines.Open("pcrs");
  for (const auto& [algorithm, pcrs] : values) {
    if (pcrs.empty()) continue;
    lines.Open(crypto::DigestName(algorithm));
    for (const auto& [index, value] : pcrs) lines.Hex(std::to_string(index), value);
    lines.Close();
  }
  lines.Close();
}

void WriteTpm(const vtpm::Policy& policy, YamlLines& lines) {
  lines.Open("tpm");
  WritePcrs(policy.expected_pcrs, lines);
  lines.Flag("require_event_log", policy.require_event_log);
  lines.Flag("require_bound_key", policy.require_bound_key);
  lines.Each("accepted_digests", policy.accepted_digests, crypto::DigestName);
  lines.Close();
}

// Digests that the reader has names for. SHA-3 has banks in TPMs, but no policy format names them.
bool IsNamed(DigestAlgorithm algorithm) { return algorithm <= DigestAlgorithm::kSha512; }

Result<void> CheckWritable(const Policy& policy) {
  COCOS_TRY(CheckPolicy(policy));
  if (!policy.tpm) return {};
  const auto is_named = [](const auto& bank) { return IsNamed(bank.first); };
  if (!std::ranges::all_of(policy.tpm->expected_pcrs, is_named) ||
      !std::ranges::all_of(policy.tpm->accepted_digests, IsNamed)) {
    return Fail(ErrorCode::kInvalidArgument, "tpm: want digests of sha1, sha256, sha384 or sha512");
  }
  return {};
}

}  // namespace

Result<std::string> WritePolicyYaml(const Policy& policy) {
  COCOS_TRY(CheckWritable(policy));
  YamlLines lines;
  if (!policy.name.empty()) lines.Text("name", policy.name);
  lines.Plain("profile", ProfileName(policy.profile));
  if (policy.snp) WriteSnp(*policy.snp, lines);
  if (policy.tdx) WriteTdx(*policy.tdx, lines);
  if (policy.tpm) WriteTpm(*policy.tpm, lines);
  std::string text = std::move(lines).Take();
  // A policy of thousands of values is beyond the reader's bounds.
  COCOS_TRY(ReadPolicyYaml(text));
  return text;
}

}  // namespace cocos::attestation::policy
