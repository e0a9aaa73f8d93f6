#include <nlohmann/json.hpp>

#include "attestation/policy/json_values.h"
#include "attestation/policy/snp_bits.h"
#include "attestation/policy/upstream_json.h"
#include "attestation/snp/product.h"

namespace cocos::attestation::policy {
namespace {

using nlohmann::json;
using Dropped = std::vector<std::string>;

constexpr std::string_view kNoField = "no field in this form";

const char* ProtoProductName(snp::Product product) {
  switch (product) {
    case snp::Product::kMilan:
      return "SEV_PRODUCT_MILAN";
    case snp::Product::kGenoa:
      return "SEV_PRODUCT_GENOA";
    case snp::Product::kTurin:
      return "SEV_PRODUCT_TURIN";
  }
  return "SEV_PRODUCT_UNKNOWN";
}

// `field` is the one for Milan and Genoa, `key` that of the policy.
void WriteTcb(json& rules, const std::string& field, std::string_view key,
              const std::optional<snp::Product>& product, const snp::TcbVersion& tcb,
              Dropped& dropped) {
  if (tcb == snp::TcbVersion{}) return;
  // Only Turin has an FMC: readers take a value in its field for one of its layout.
  if (product ? *product == snp::Product::kTurin : tcb.fmc != 0) {
    rules[field + "Turin"] = JsonText(TcbBits(snp::Product::kTurin, tcb));
    dropped.push_back(fmt::format("snp.{}: in {}Turin, which older readers ignore", key, field));
    return;
  }
  if (tcb.fmc != 0) {
    dropped.push_back(
        fmt::format("snp.{}.fmc: has no place beside another product than Turin", key));
  }
  const std::uint64_t bits = TcbBits(snp::Product::kMilan, tcb);
  if (bits != 0) rules[field] = JsonText(bits);
}

void WriteTcbs(json& rules, const snp::Policy& policy, Dropped& dropped) {
  WriteTcb(rules, "minimumTcb", "min_tcb", policy.product, policy.min_tcb, dropped);
  WriteTcb(rules, "minimumLaunchTcb", "min_launch_tcb", policy.product, policy.min_launch_tcb,
           dropped);
}

void WriteMeasurement(json& rules, const snp::Policy& policy, Dropped& dropped) {
  if (policy.measurements.empty()) return;
  rules["measurement"] = JsonBytes(policy.measurements.front());
  if (policy.measurements.size() == 1) return;
  dropped.push_back(
      fmt::format("snp.measurements: only the first of {} is written, so the others "
                  "are refused",
                  policy.measurements.size()));
}

void WriteReportFields(json& rules, const snp::Policy& policy) {
  rules["policy"] = JsonText(GuestPolicyBits(policy.guest_policy));
  if (policy.platform) rules["platformInfo"] = JsonText(PlatformBits(*policy.platform));
  if (policy.vmpl) rules["vmpl"] = *policy.vmpl;
  AddBytes(rules, "familyId", policy.family_id);
  AddBytes(rules, "imageId", policy.image_id);
  AddBytes(rules, "reportData", policy.report_data);
  AddBytes(rules, "hostData", policy.host_data);
  AddBytes(rules, "reportId", policy.report_id);
  AddBytes(rules, "reportIdMa", policy.report_id_ma);
  AddBytes(rules, "chipId", policy.chip_id);
  AddNumber(rules, "minimumGuestSvn", policy.min_guest_svn);
  AddNumber(rules, "minimumBuild", policy.min_build);
  rules["minimumVersion"] = fmt::format("{}.{}", policy.min_major, policy.min_minor);
  AddTrue(rules, "permitProvisionalFirmware", policy.permit_provisional_firmware);
  if (policy.product) rules["product"]["name"] = ProtoProductName(*policy.product);
}

void WriteKeys(json& rules, const snp::Policy& policy) {
  AddTrue(rules, "requireAuthorKey", policy.require_author_key);
  AddTrue(rules, "requireIdBlock", policy.require_id_block);
  AddBytesList(rules, "trustedAuthorKeyHashes", policy.trusted_author_keys);
  AddBytesList(rules, "trustedIdKeyHashes", policy.trusted_id_keys);
}

json RootOfTrust(const snp::Policy& policy) {
  json root = {{"checkCrl", policy.require_crl}};
  if (policy.product) {
    root["product"] = snp::ProductName(*policy.product);
    root["productLine"] = snp::ProductName(*policy.product);
  }
  return root;
}

void NoteDropped(const snp::Policy& policy, Dropped& dropped) {
  if (policy.min_launch_mitigations) {
    dropped.push_back(fmt::format("snp.min_launch_mitigations: {}", kNoField));
  }
  if (policy.min_current_mitigations) {
    dropped.push_back(fmt::format("snp.min_current_mitigations: {}", kNoField));
  }
  if (!policy.allow_masked_chip_id) {
    dropped.push_back("snp.allow_masked_chip_id: readers accept a masked chip id");
  }
}

void WriteSnp(json& config, const snp::Policy& policy, Dropped& dropped) {
  json& rules = config["policy"];
  WriteReportFields(rules, policy);
  WriteTcbs(rules, policy, dropped);
  WriteMeasurement(rules, policy, dropped);
  WriteKeys(rules, policy);
  config["rootOfTrust"] = RootOfTrust(policy);
  NoteDropped(policy, dropped);
}

// Both of upstream's banks are there even if empty; its own files have them.
void WritePcrs(json& config, const vtpm::PcrValues& values, Dropped& dropped) {
  json& banks = config["pcr_values"];
  banks = {{"sha256", nullptr}, {"sha384", nullptr}};
  for (const auto& [algorithm, pcrs] : values) {
    const std::string name(crypto::DigestName(algorithm));
    if (pcrs.empty()) continue;
    if (name != "sha1" && name != "sha256" && name != "sha384") {
      dropped.push_back(fmt::format("tpm.pcrs.{}: {}", name, kNoField));
      continue;
    }
    for (const auto& [index, value] : pcrs) {
      banks[name][std::to_string(index)] = crypto::HexEncode(value);
    }
  }
}

void WriteTpm(json& config, const vtpm::Policy& policy, Dropped& dropped) {
  WritePcrs(config, policy.expected_pcrs, dropped);
  if (policy.require_event_log) {
    dropped.push_back(fmt::format("tpm.require_event_log: {}", kNoField));
  }
  if (policy.require_bound_key) {
    dropped.push_back(fmt::format("tpm.require_bound_key: {}", kNoField));
  }
  if (policy.accepted_digests != vtpm::Policy{}.accepted_digests) {
    dropped.push_back(fmt::format("tpm.accepted_digests: {}", kNoField));
  }
}

}  // namespace

Result<WrittenPolicy> WriteSnpJson(const Policy& policy) {
  if (!policy.snp && !policy.tpm) {
    return Fail(ErrorCode::kInvalidArgument, "SEV-SNP JSON: policy without snp and tpm");
  }
  COCOS_TRY(CheckPolicy(policy));
  WrittenPolicy written;
  json config = json::object();
  if (policy.snp) WriteSnp(config, *policy.snp, written.dropped);
  if (policy.tpm) WriteTpm(config, *policy.tpm, written.dropped);
  if (policy.tdx) written.dropped.push_back(fmt::format("tdx: {}", kNoField));
  written.text = config.dump(2) + "\n";
  return written;
}

}  // namespace cocos::attestation::policy
