#include <algorithm>

#include "attestation/policy/fields.h"
#include "attestation/policy/json_document.h"
#include "attestation/policy/upstream_json.h"

namespace cocos::attestation::policy {
namespace {

// TD_ATTRIBUTES, Intel TDX module ABI: bits 7:0 are TUD ("TD under debug"), bit 29 is MIGRATABLE.
bool HasDebugBit(const tdx::Policy& policy) {
  return policy.td_attributes && (*policy.td_attributes)[0] != std::byte{0};
}
bool HasMigratableBit(const tdx::Policy& policy) {
  return policy.td_attributes && ((*policy.td_attributes)[3] & std::byte{0x20}) != std::byte{0};
}

void ReadHeaderPolicy(Fields fields, tdx::Policy& policy) {
  fields.Read("minimum_qe_svn", policy.min_qe_svn);
  fields.Read("minimum_pce_svn", policy.min_pce_svn);
  fields.Read("qe_vendor_id", policy.qe_vendor_id);
  fields.Finish();
}

// Four entries, of which an empty one is not checked.
void ReadRtmrs(Fields& fields, tdx::Policy& policy) {
  const std::vector<Fields::Item> items = fields.List("rtmrs");
  if (items.empty()) return;
  if (items.size() != policy.rtmrs.size()) {
    return fields.Complain({}, fields.Path("rtmrs"),
                           fmt::format("{} entries, want {}", items.size(), policy.rtmrs.size()));
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    tdx::Digest384 value{};
    if (fields.Fill(*items[i].node, items[i].path, value)) policy.rtmrs[i] = value;
  }
}

// One value and a list are two demands: both must hold.
void ReadMrTd(Fields& fields, tdx::Policy& policy) {
  std::optional<tdx::Digest384> one;
  fields.Read("mr_td", one);
  fields.Read("any_mr_td", policy.mr_td);
  if (!one) return;
  if (!policy.mr_td.empty() && std::ranges::find(policy.mr_td, *one) == policy.mr_td.end()) {
    return fields.Complain({}, fields.Path("mr_td"), "not among those of any_mr_td");
  }
  policy.mr_td = {*one};
}

void ReadBodyPolicy(Fields fields, Profile profile, tdx::Policy& policy) {
  fields.Read("minimum_tee_tcb_svn", policy.min_tee_tcb_svn);
  fields.Read("mr_seam", policy.mr_seam);
  fields.Read("td_attributes", policy.td_attributes);
  fields.Read("xfam", policy.xfam);
  ReadMrTd(fields, policy);
  fields.Read("mr_config_id", policy.mr_config_id);
  fields.Read("mr_owner", policy.mr_owner);
  fields.Read("mr_owner_config", policy.mr_owner_config);
  ReadRtmrs(fields, policy);
  fields.Read("report_data", policy.report_data);
  bool refuse_debug = false;
  fields.Read("enable_td_debug_check", refuse_debug);
  policy.allow_debug = profile == Profile::kDebug && !refuse_debug;
  // An exact value speaks for itself.
  policy.allow_migration = HasMigratableBit(policy);
  if (HasDebugBit(policy) && refuse_debug) {
    fields.Complain({}, fields.Path("td_attributes"), "debug bits are set and refused");
  }
  fields.Finish();
}

void ReadQuotePolicy(Fields fields, Profile profile, tdx::Policy& policy) {
  if (auto header = fields.Section("header_policy")) ReadHeaderPolicy(*header, policy);
  if (auto body = fields.Section("td_quote_body_policy")) ReadBodyPolicy(*body, profile, policy);
  fields.Finish();
}

// Reads what only steers downloads and roots, so that it is no unknown field.
void IgnoreList(Fields& fields, std::string_view name, std::vector<std::string>& ignored) {
  if (!fields.List(name).empty()) ignored.push_back(fields.Path(name));
}

void ReadRootOfTrust(Fields fields, tdx::Policy& policy, std::vector<std::string>& ignored) {
  IgnoreList(fields, "cabundle_paths", ignored);
  IgnoreList(fields, "cabundles", ignored);
  bool check_crl = false;
  bool get_collateral = false;
  fields.Read("check_crl", check_crl);
  fields.Read("get_collateral", get_collateral);
  policy.require_collateral = check_crl || get_collateral;
  fields.Finish();
}

void ReadConfig(Fields fields, Profile profile, tdx::Policy& policy,
                std::vector<std::string>& ignored) {
  if (auto rules = fields.Section("policy")) ReadQuotePolicy(*rules, profile, policy);
  if (auto root = fields.Section("root_of_trust")) ReadRootOfTrust(*root, policy, ignored);
  fields.Finish();
}

bool IsTdx(const Node& document) {
  Findings unused;
  Fields fields(document, "", Format::kProtoJson, unused);
  auto rules = fields.Section("policy");
  return rules && (rules->Find("header_policy") || rules->Find("td_quote_body_policy"));
}

}  // namespace

Result<ReadJsonPolicy> ReadTdxJson(std::string_view text, Profile profile) {
  const Node document = COCOS_TRY(ReadJson(text));
  Findings findings;
  ReadJsonPolicy read;
  read.policy.profile = profile;
  ReadConfig(Fields(document, "", Format::kProtoJson, findings), profile, read.policy.tdx.emplace(),
             read.ignored);
  for (const std::string& path : findings.unknown) {
    findings.errors.push_back(path + ": unknown field");
  }
  COCOS_TRY(Report(findings));
  COCOS_TRY(CheckPolicy(read.policy));
  return read;
}

Result<ReadJsonPolicy> ReadUpstreamJson(std::string_view text, Profile profile) {
  const Node document = COCOS_TRY(ReadJson(text));
  if (IsTdx(document)) return ReadTdxJson(text, profile);
  return ReadSnpJson(text, profile);
}

}  // namespace cocos::attestation::policy
