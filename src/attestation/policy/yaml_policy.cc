#include "attestation/policy/yaml_policy.h"

#include <tuple>

#include "attestation/policy/fields.h"
#include "attestation/policy/pcr_values.h"
#include "attestation/policy/values.h"
#include "attestation/policy/yaml_document.h"
#include "attestation/snp/product.h"
#include "attestation/tdx/tcb_status.h"

namespace cocos::attestation::policy {
namespace {

// Texts that name a value, and how to ask for them.
template <typename T>
struct Choice {
  std::optional<T> (*named)(std::string_view);
  std::string_view wanted;
};

std::optional<crypto::DigestAlgorithm> DigestNamed(std::string_view name) {
  using enum crypto::DigestAlgorithm;
  for (const crypto::DigestAlgorithm digest : {kSha1, kSha256, kSha384, kSha512}) {
    if (name == crypto::DigestName(digest)) return digest;
  }
  return std::nullopt;
}

constexpr Choice<Profile> kProfile = {ProfileNamed, "production or debug"};
constexpr Choice<snp::Product> kProduct = {snp::ProductOfName, "Milan, Genoa or Turin"};
constexpr Choice<crypto::DigestAlgorithm> kDigest = {DigestNamed, "sha256, sha384 or sha512"};
constexpr Choice<tdx::TcbStatus> kTcbStatus = {tdx::TcbStatusNamed,
                                               "a status in Intel's words, such as UpToDate"};

template <typename T>
std::optional<T> Choose(Fields& fields, const Node& node, std::string_view path,
                        const Choice<T>& choice) {
  const bool is_text = node.kind == Node::Kind::kText;
  const std::optional<T> value = is_text ? choice.named(node.text) : std::nullopt;
  if (!value) fields.Complain(node, path, fmt::format("want {}", choice.wanted));
  return value;
}

template <typename T, typename Target>
void ReadChoice(Fields& fields, std::string_view name, const Choice<T>& choice, Target& target) {
  const Node* node = fields.Find(name);
  if (!node) return;
  if (const auto value = Choose(fields, *node, fields.Path(name), choice)) target = *value;
}

template <typename T>
void ReadChoices(Fields& fields, std::string_view name, const Choice<T>& choice,
                 std::set<T>& target) {
  if (!fields.Find(name)) return;
  target.clear();
  for (const Fields::Item& item : fields.List(name)) {
    if (const auto value = Choose(fields, *item.node, item.path, choice)) target.insert(*value);
  }
}

void ReadVersion(Fields& fields, std::string_view name, std::uint8_t& major, std::uint8_t& minor) {
  const Node* node = fields.Find(name);
  if (!node) return;
  const auto version = ParseVersion(node->text);
  if (!version) return fields.Complain(*node, fields.Path(name), version.error().message());
  std::tie(major, minor) = *version;
}

void ReadGuestPolicy(Fields fields, snp::GuestPolicyRules& rules) {
  ReadVersion(fields, "min_abi_version", rules.min_abi_major, rules.min_abi_minor);
  fields.Read("allow_smt", rules.allow_smt);
  fields.Read("allow_migration_agent", rules.allow_migration_agent);
  fields.Read("allow_debug", rules.allow_debug);
  fields.Read("allow_cxl", rules.allow_cxl);
  fields.Read("require_single_socket", rules.require_single_socket);
  fields.Read("require_aes_256_xts", rules.require_aes_256_xts);
  fields.Read("require_rapl_disabled", rules.require_rapl_disabled);
  fields.Read("require_ciphertext_hiding", rules.require_ciphertext_hiding);
  fields.Read("require_page_swap_disabled", rules.require_page_swap_disabled);
  fields.Finish();
}

void ReadPlatform(Fields fields, snp::PlatformRules& rules) {
  fields.Read("allow_smt", rules.allow_smt);
  fields.Read("allow_tsme", rules.allow_tsme);
  fields.Read("allow_tio", rules.allow_tio);
  fields.Read("require_ecc", rules.require_ecc);
  fields.Read("require_rapl_disabled", rules.require_rapl_disabled);
  fields.Read("require_ciphertext_hiding", rules.require_ciphertext_hiding);
  fields.Read("require_alias_check", rules.require_alias_check);
  fields.Finish();
}

void ReadTcb(Fields fields, snp::TcbVersion& tcb) {
  fields.Read("fmc", tcb.fmc);
  fields.Read("boot_loader", tcb.boot_loader);
  fields.Read("tee", tcb.tee);
  fields.Read("snp", tcb.snp);
  fields.Read("microcode", tcb.microcode);
  fields.Finish();
}

void ReadSnpSections(Fields& fields, snp::Policy& policy) {
  if (auto rules = fields.Section("guest_policy")) ReadGuestPolicy(*rules, policy.guest_policy);
  if (auto rules = fields.Section("platform")) ReadPlatform(*rules, policy.platform.emplace());
  if (auto tcb = fields.Section("min_tcb")) ReadTcb(*tcb, policy.min_tcb);
  if (auto tcb = fields.Section("min_launch_tcb")) ReadTcb(*tcb, policy.min_launch_tcb);
}

void ReadSnp(Fields fields, snp::Policy& policy) {
  ReadSnpSections(fields, policy);
  fields.Read("measurements", policy.measurements);
  fields.Read("report_data", policy.report_data);
  fields.Read("host_data", policy.host_data);
  fields.Read("family_id", policy.family_id);
  fields.Read("image_id", policy.image_id);
  fields.Read("report_id", policy.report_id);
  fields.Read("report_id_ma", policy.report_id_ma);
  fields.Read("chip_id", policy.chip_id);
  ReadChoice(fields, "product", kProduct, policy.product);
  fields.Read("vmpl", policy.vmpl);
  fields.Read("min_guest_svn", policy.min_guest_svn);
  ReadVersion(fields, "min_version", policy.min_major, policy.min_minor);
  fields.Read("min_build", policy.min_build);
  fields.Read("permit_provisional_firmware", policy.permit_provisional_firmware);
  fields.Read("require_author_key", policy.require_author_key);
  fields.Read("require_id_block", policy.require_id_block);
  fields.Read("trusted_author_keys", policy.trusted_author_keys);
  fields.Read("trusted_id_keys", policy.trusted_id_keys);
  fields.Read("min_launch_mitigations", policy.min_launch_mitigations);
  fields.Read("min_current_mitigations", policy.min_current_mitigations);
  fields.Read("allow_masked_chip_id", policy.allow_masked_chip_id);
  fields.Read("require_crl", policy.require_crl);
  fields.Finish();
}

void ReadRtmrs(Fields fields, tdx::Policy& policy) {
  fields.Read("0", policy.rtmrs[0]);
  fields.Read("1", policy.rtmrs[1]);
  fields.Read("2", policy.rtmrs[2]);
  fields.Read("3", policy.rtmrs[3]);
  fields.Finish();
}

void ReadAdvisories(Fields& fields, std::set<std::string>& advisories) {
  for (const Fields::Item& item : fields.List("accepted_advisories")) {
    if (item.node->kind != Node::Kind::kText) fields.Complain(*item.node, item.path, "want a text");
    advisories.insert(item.node->text);
  }
}

void ReadTdx(Fields fields, tdx::Policy& policy) {
  fields.Read("qe_vendor_id", policy.qe_vendor_id);
  fields.Read("min_qe_svn", policy.min_qe_svn);
  fields.Read("min_pce_svn", policy.min_pce_svn);
  fields.Read("min_tee_tcb_svn", policy.min_tee_tcb_svn);
  fields.Read("mr_seam", policy.mr_seam);
  fields.Read("td_attributes", policy.td_attributes);
  fields.Read("td_attributes_mask", policy.td_attributes_mask);
  fields.Read("xfam", policy.xfam);
  fields.Read("mr_td", policy.mr_td);
  fields.Read("mr_config_id", policy.mr_config_id);
  fields.Read("mr_owner", policy.mr_owner);
  fields.Read("mr_owner_config", policy.mr_owner_config);
  if (auto rtmrs = fields.Section("rtmrs")) ReadRtmrs(*rtmrs, policy);
  fields.Read("report_data", policy.report_data);
  fields.Read("allow_debug", policy.allow_debug);
  fields.Read("allow_migration", policy.allow_migration);
  fields.Read("allow_service_td", policy.allow_service_td);
  ReadChoices(fields, "accepted_tcb_statuses", kTcbStatus, policy.accepted_tcb_statuses);
  ReadAdvisories(fields, policy.accepted_advisories);
  fields.Read("min_tcb_evaluation_data_number", policy.min_tcb_evaluation_data_number);
  fields.Read("require_collateral", policy.require_collateral);
  fields.Finish();
}

void ReadTpm(Fields fields, vtpm::Policy& policy) {
  if (auto banks = fields.Section("pcrs")) {
    ReadPcrValues(*banks, policy.expected_pcrs);
    banks->Finish();
  }
  fields.Read("require_event_log", policy.require_event_log);
  fields.Read("require_bound_key", policy.require_bound_key);
  ReadChoices(fields, "accepted_digests", kDigest, policy.accepted_digests);
  fields.Finish();
}

Policy ReadPolicy(const Node& document, Findings& findings) {
  Policy policy;
  Fields fields(document, "", Format::kYaml, findings);
  fields.Read("name", policy.name);
  ReadChoice(fields, "profile", kProfile, policy.profile);
  if (auto part = fields.Section("snp")) ReadSnp(*part, policy.snp.emplace());
  if (auto part = fields.Section("tdx")) ReadTdx(*part, policy.tdx.emplace());
  if (auto part = fields.Section("tpm")) ReadTpm(*part, policy.tpm.emplace());
  fields.Finish();
  return policy;
}

}  // namespace

Result<Policy> ReadPolicyYaml(std::string_view text) {
  const Node document = COCOS_TRY(ReadYaml(text));
  Findings findings;
  Policy policy = ReadPolicy(document, findings);
  COCOS_TRY(Report(findings));
  COCOS_TRY(CheckPolicy(policy));
  return policy;
}

}  // namespace cocos::attestation::policy
