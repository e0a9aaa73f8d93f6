#include "cli/policy_demands.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include "attestation/snp/product.h"
#include "attestation/tdx/tcb_status.h"
#include "attestation/vtpm/policy.h"
#include "crypto/digest.h"

namespace cocos::cli {
namespace {

namespace policy = attestation::policy;
namespace snp = attestation::snp;
namespace tdx = attestation::tdx;
namespace vtpm = attestation::vtpm;

class Demands {
 public:
  explicit Demands(std::string prefix) : prefix_(std::move(prefix)) {}

  void Text(const std::string& key, std::string value) {
    demands_.push_back({prefix_ + key, std::move(value)});
  }
  void Flag(const std::string& key, bool value) { Text(key, value ? "true" : "false"); }
  void Number(const std::string& key, std::uint64_t value) { Text(key, std::to_string(value)); }
  void Hex(const std::string& key, std::span<const std::byte> value) {
    Text(key, crypto::HexEncode(value));
  }
  template <typename T>
  void HexIfSet(const std::string& key, const std::optional<T>& value) {
    if (value) Hex(key, *value);
  }
  template <typename T>
  void NumberIfSet(const std::string& key, const std::optional<T>& value) {
    if (value) Number(key, *value);
  }
  // A least value of nothing demands nothing.
  void LeastNumber(const std::string& key, std::uint64_t value) {
    if (value != 0) Number(key, value);
  }
  void HexList(const std::string& key, const std::vector<snp::Digest384>& values) {
    for (const snp::Digest384& value : values) Hex(key, value);
  }
  std::vector<Demand> Take() && { return std::move(demands_); }

 private:
  std::string prefix_;
  std::vector<Demand> demands_;
};

std::string TcbText(const snp::TcbVersion& tcb) {
  return fmt::format("{{fmc: {}, boot_loader: {}, tee: {}, snp: {}, microcode: {}}}", tcb.fmc,
                     tcb.boot_loader, tcb.tee, tcb.snp, tcb.microcode);
}

void AddGuestPolicy(const snp::GuestPolicyRules& rules, Demands& demands) {
  demands.Text("guest_policy.min_abi_version",
               fmt::format("{}.{}", rules.min_abi_major, rules.min_abi_minor));
  demands.Flag("guest_policy.allow_smt", rules.allow_smt);
  demands.Flag("guest_policy.allow_migration_agent", rules.allow_migration_agent);
  demands.Flag("guest_policy.allow_debug", rules.allow_debug);
  demands.Flag("guest_policy.allow_cxl", rules.allow_cxl);
  demands.Flag("guest_policy.require_single_socket", rules.require_single_socket);
  demands.Flag("guest_policy.require_aes_256_xts", rules.require_aes_256_xts);
  demands.Flag("guest_policy.require_rapl_disabled", rules.require_rapl_disabled);
  demands.Flag("guest_policy.require_ciphertext_hiding", rules.require_ciphertext_hiding);
  demands.Flag("guest_policy.require_page_swap_disabled", rules.require_page_swap_disabled);
}

void AddPlatform(const snp::PlatformRules& rules, Demands& demands) {
  demands.Flag("platform.allow_smt", rules.allow_smt);
  demands.Flag("platform.allow_tsme", rules.allow_tsme);
  demands.Flag("platform.allow_tio", rules.allow_tio);
  demands.Flag("platform.require_ecc", rules.require_ecc);
  demands.Flag("platform.require_rapl_disabled", rules.require_rapl_disabled);
  demands.Flag("platform.require_ciphertext_hiding", rules.require_ciphertext_hiding);
  demands.Flag("platform.require_alias_check", rules.require_alias_check);
}

void AddSnpIdentity(const snp::Policy& rules, Demands& demands) {
  demands.HexList("measurements", rules.measurements);
  demands.HexIfSet("report_data", rules.report_data);
  demands.HexIfSet("host_data", rules.host_data);
  demands.HexIfSet("family_id", rules.family_id);
  demands.HexIfSet("image_id", rules.image_id);
  demands.HexIfSet("report_id", rules.report_id);
  demands.HexIfSet("report_id_ma", rules.report_id_ma);
  demands.HexIfSet("chip_id", rules.chip_id);
  if (rules.product) demands.Text("product", std::string(snp::ProductName(*rules.product)));
  demands.NumberIfSet("vmpl", rules.vmpl);
  demands.LeastNumber("min_guest_svn", rules.min_guest_svn);
}

void AddSnpFirmware(const snp::Policy& rules, Demands& demands) {
  demands.Text("min_version", fmt::format("{}.{}", rules.min_major, rules.min_minor));
  demands.LeastNumber("min_build", rules.min_build);
  demands.Text("min_tcb", TcbText(rules.min_tcb));
  demands.Text("min_launch_tcb", TcbText(rules.min_launch_tcb));
  demands.Flag("permit_provisional_firmware", rules.permit_provisional_firmware);
  demands.Flag("require_id_block", rules.require_id_block);
  demands.Flag("require_author_key", rules.require_author_key);
  demands.HexList("trusted_id_keys", rules.trusted_id_keys);
  demands.HexList("trusted_author_keys", rules.trusted_author_keys);
  demands.NumberIfSet("min_launch_mitigations", rules.min_launch_mitigations);
  demands.NumberIfSet("min_current_mitigations", rules.min_current_mitigations);
  demands.Flag("allow_masked_chip_id", rules.allow_masked_chip_id);
  demands.Flag("require_crl", rules.require_crl);
}

std::vector<Demand> SnpDemands(const snp::Policy& rules) {
  Demands demands("snp.");
  AddSnpIdentity(rules, demands);
  AddSnpFirmware(rules, demands);
  AddGuestPolicy(rules.guest_policy, demands);
  if (rules.platform) AddPlatform(*rules.platform, demands);
  return std::move(demands).Take();
}

void AddTdMeasurements(const tdx::Policy& rules, Demands& demands) {
  demands.HexList("mr_td", rules.mr_td);
  for (std::size_t i = 0; i < rules.rtmrs.size(); ++i) {
    demands.HexIfSet(fmt::format("rtmrs.{}", i), rules.rtmrs[i]);
  }
  demands.HexIfSet("mr_seam", rules.mr_seam);
  demands.HexIfSet("mr_config_id", rules.mr_config_id);
  demands.HexIfSet("mr_owner", rules.mr_owner);
  demands.HexIfSet("mr_owner_config", rules.mr_owner_config);
  demands.HexIfSet("report_data", rules.report_data);
  demands.HexIfSet("td_attributes", rules.td_attributes);
  if (rules.td_attributes) demands.Hex("td_attributes_mask", rules.td_attributes_mask);
  demands.HexIfSet("xfam", rules.xfam);
}

void AddTdxPlatform(const tdx::Policy& rules, Demands& demands) {
  demands.HexIfSet("qe_vendor_id", rules.qe_vendor_id);
  demands.LeastNumber("min_qe_svn", rules.min_qe_svn);
  demands.LeastNumber("min_pce_svn", rules.min_pce_svn);
  demands.Hex("min_tee_tcb_svn", rules.min_tee_tcb_svn);
  demands.Flag("allow_debug", rules.allow_debug);
  demands.Flag("allow_migration", rules.allow_migration);
  demands.Flag("allow_service_td", rules.allow_service_td);
  for (const tdx::TcbStatus status : rules.accepted_tcb_statuses) {
    demands.Text("accepted_tcb_statuses", std::string(tdx::TcbStatusName(status)));
  }
  for (const std::string& advisory : rules.accepted_advisories) {
    demands.Text("accepted_advisories", advisory);
  }
  demands.LeastNumber("min_tcb_evaluation_data_number", rules.min_tcb_evaluation_data_number);
  demands.Flag("require_collateral", rules.require_collateral);
}

std::vector<Demand> TdxDemands(const tdx::Policy& rules) {
  Demands demands("tdx.");
  AddTdMeasurements(rules, demands);
  AddTdxPlatform(rules, demands);
  return std::move(demands).Take();
}

std::vector<Demand> TpmDemands(const vtpm::Policy& rules) {
  Demands demands("tpm.");
  for (const auto& [bank, values] : rules.expected_pcrs) {
    for (const auto& [index, value] : values) {
      demands.Hex(fmt::format("pcrs.{}.{}", crypto::DigestName(bank), index), value);
    }
  }
  demands.Flag("require_event_log", rules.require_event_log);
  demands.Flag("require_bound_key", rules.require_bound_key);
  for (const crypto::DigestAlgorithm digest : rules.accepted_digests) {
    demands.Text("accepted_digests", std::string(crypto::DigestName(digest)));
  }
  return std::move(demands).Take();
}

void Append(std::vector<Demand>& demands, std::vector<Demand> more) {
  std::ranges::move(more, std::back_inserter(demands));
}

}  // namespace

std::vector<Demand> DemandsOf(const policy::Policy& policy) {
  std::vector<Demand> demands;
  if (!policy.name.empty()) demands.push_back({"name", policy.name});
  demands.push_back({"profile", std::string(policy::ProfileName(policy.profile))});
  if (policy.snp) Append(demands, SnpDemands(*policy.snp));
  if (policy.tdx) Append(demands, TdxDemands(*policy.tdx));
  if (policy.tpm) Append(demands, TpmDemands(*policy.tpm));
  return demands;
}

}  // namespace cocos::cli
