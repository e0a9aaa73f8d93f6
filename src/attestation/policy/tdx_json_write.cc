#include <algorithm>
#include <nlohmann/json.hpp>

#include "attestation/policy/json_values.h"
#include "attestation/policy/upstream_json.h"

namespace cocos::attestation::policy {
namespace {

using nlohmann::json;
using Dropped = std::vector<std::string>;

constexpr std::string_view kNoField = "no field that every release reads";

bool IsExact(const tdx::Policy& policy) {
  return policy.td_attributes && policy.td_attributes_mask == tdx::Policy{}.td_attributes_mask;
}

// An exact value that lacks these bits says as much as a rule against them.
bool IsExactWithout(const tdx::Policy& policy, std::size_t byte, std::byte bits) {
  return IsExact(policy) && ((*policy.td_attributes)[byte] & bits) == std::byte{0};
}

json HeaderPolicy(const tdx::Policy& policy) {
  json rules = json::object();
  AddBytes(rules, "qeVendorId", policy.qe_vendor_id);
  AddNumber(rules, "minimumQeSvn", policy.min_qe_svn);
  AddNumber(rules, "minimumPceSvn", policy.min_pce_svn);
  return rules;
}

void WriteMrTd(json& rules, const std::vector<tdx::Digest384>& values) {
  if (values.size() == 1) {
    rules["mrTd"] = JsonBytes(values.front());
  } else {
    AddBytesList(rules, "anyMrTd", values);
  }
}

// All four or none: readers want as many as there are registers.
void WriteRtmrs(json& rules, const std::array<std::optional<tdx::Digest384>, 4>& rtmrs) {
  if (std::ranges::none_of(rtmrs, [](const auto& rtmr) { return rtmr.has_value(); })) return;
  for (const auto& rtmr : rtmrs) {
    rules["rtmrs"].push_back(rtmr ? JsonBytes(*rtmr) : std::string());
  }
}

json BodyPolicy(const tdx::Policy& policy) {
  json rules = json::object();
  if (policy.min_tee_tcb_svn != tdx::Policy{}.min_tee_tcb_svn) {
    rules["minimumTeeTcbSvn"] = JsonBytes(policy.min_tee_tcb_svn);
  }
  AddBytes(rules, "mrSeam", policy.mr_seam);
  if (IsExact(policy)) AddBytes(rules, "tdAttributes", policy.td_attributes);
  AddBytes(rules, "xfam", policy.xfam);
  WriteMrTd(rules, policy.mr_td);
  AddBytes(rules, "mrConfigId", policy.mr_config_id);
  AddBytes(rules, "mrOwner", policy.mr_owner);
  AddBytes(rules, "mrOwnerConfig", policy.mr_owner_config);
  WriteRtmrs(rules, policy.rtmrs);
  AddBytes(rules, "reportData", policy.report_data);
  return rules;
}

// What an exact value of TD_ATTRIBUTES says anyway is not lost.
void NoteAttributes(const tdx::Policy& policy, Dropped& dropped) {
  if (policy.td_attributes && !IsExact(policy)) {
    dropped.push_back("tdx.td_attributes: no field for a mask");
  }
  if (!policy.allow_debug && !IsExactWithout(policy, 0, std::byte{0xff})) {
    dropped.push_back(fmt::format("tdx.allow_debug: {}; td_attributes would do", kNoField));
  }
  if (!policy.allow_migration && !IsExactWithout(policy, 3, std::byte{0x20})) {
    dropped.push_back(fmt::format("tdx.allow_migration: {}; td_attributes would do", kNoField));
  }
}

void NoteDropped(const tdx::Policy& policy, Dropped& dropped) {
  NoteAttributes(policy, dropped);
  if (!policy.allow_service_td) {
    dropped.push_back(fmt::format("tdx.allow_service_td: {}", kNoField));
  }
  if (policy.accepted_tcb_statuses != tdx::Policy{}.accepted_tcb_statuses) {
    dropped.push_back("tdx.accepted_tcb_statuses: readers accept UpToDate alone");
  }
  if (!policy.accepted_advisories.empty()) {
    dropped.push_back(fmt::format("tdx.accepted_advisories: {}", kNoField));
  }
  if (policy.min_tcb_evaluation_data_number != 0) {
    dropped.push_back(fmt::format("tdx.min_tcb_evaluation_data_number: {}", kNoField));
  }
}

}  // namespace

Result<WrittenPolicy> WriteTdxJson(const Policy& policy) {
  if (!policy.tdx) return Fail(ErrorCode::kInvalidArgument, "TDX JSON: policy without tdx");
  COCOS_TRY(CheckPolicy(policy));
  const bool collateral = policy.tdx->require_collateral;
  const json config = {{"policy",
                        {{"headerPolicy", HeaderPolicy(*policy.tdx)},
                         {"tdQuoteBodyPolicy", BodyPolicy(*policy.tdx)}}},
                       {"rootOfTrust", {{"checkCrl", collateral}, {"getCollateral", collateral}}}};
  WrittenPolicy written;
  written.text = config.dump(2) + "\n";
  NoteDropped(*policy.tdx, written.dropped);
  if (policy.snp) written.dropped.push_back(fmt::format("snp: {}", kNoField));
  if (policy.tpm) written.dropped.push_back(fmt::format("tpm: {}", kNoField));
  return written;
}

}  // namespace cocos::attestation::policy
