#include <algorithm>
#include <tuple>

#include "attestation/policy/fields.h"
#include "attestation/policy/json_document.h"
#include "attestation/policy/pcr_values.h"
#include "attestation/policy/snp_bits.h"
#include "attestation/policy/upstream_json.h"
#include "attestation/policy/values.h"
#include "attestation/snp/product.h"

namespace cocos::attestation::policy {
namespace {

// A converted value, or a complaint about the field it came from.
template <typename T, typename Target>
void Convert(Fields& fields, std::string_view name, const Result<T>& value, Target& target) {
  if (value) {
    target = *value;
  } else {
    fields.Complain({}, fields.Path(name), value.error().message());
  }
}

// A google.protobuf wrapper: protobuf writes the bare value, Go's plain encoder {"value": 2}.
template <typename T>
void ReadWrapped(Fields& fields, std::string_view name, std::optional<T>& target) {
  const Node* node = fields.Find(name);
  if (!node) return;
  if (node->kind != Node::Kind::kMap) return fields.Read(name, target);
  auto wrapper = fields.Section(name);
  target = T{0};  // Go leaves out a zero
  wrapper->Read("value", target);
  wrapper->Finish();
}

// enum SevProduct.SevProductName; 0 and SEV_PRODUCT_UNKNOWN are no demand.
struct ProtoProduct {
  std::string_view number;
  std::string_view name;
  std::optional<snp::Product> product;
};
constexpr std::array<ProtoProduct, 4> kProtoProducts = {{
    {"0", "SEV_PRODUCT_UNKNOWN", std::nullopt},
    {"1", "SEV_PRODUCT_MILAN", snp::Product::kMilan},
    {"2", "SEV_PRODUCT_GENOA", snp::Product::kGenoa},
    {"3", "SEV_PRODUCT_TURIN", snp::Product::kTurin},
}};

void ReadProduct(Fields fields, std::optional<snp::Product>& product) {
  if (const Node* node = fields.Find("name")) {
    const bool by_number = node->kind == Node::Kind::kNumber;
    const auto found = std::ranges::find(kProtoProducts, node->text,
                                         by_number ? &ProtoProduct::number : &ProtoProduct::name);
    if (found == kProtoProducts.end()) {
      fields.Complain(*node, fields.Path("name"), "want SEV_PRODUCT_MILAN, _GENOA or _TURIN");
    } else {
      product = found->product;
    }
  }
  fields.Finish();  // the stepping of the machine is noted: nothing here depends on it
}

void ReadVersion(Fields& fields, snp::Policy& policy) {
  std::string text;
  fields.Read("minimum_version", text);
  if (text.empty()) return;
  std::pair<std::uint8_t, std::uint8_t> version;
  Convert(fields, "minimum_version", ParseVersion(text), version);
  std::tie(policy.min_major, policy.min_minor) = version;
}

// One demand in two fields, for the two layouts. The one for the other product has no say once the
// product is known.
void ReadTcb(Fields& fields, std::string_view name, const std::optional<snp::Product>& product,
             snp::TcbVersion& tcb) {
  const std::string turin_name = std::string(name) + "_turin";
  std::uint64_t milan_bits = 0;
  std::uint64_t turin_bits = 0;
  fields.Read(name, milan_bits);
  fields.Read(turin_name, turin_bits);
  const bool turin = product ? *product == snp::Product::kTurin : turin_bits != 0;
  if (milan_bits != 0 && (turin_bits != 0 || turin)) {
    return fields.Complain({}, fields.Path(name), "not of the layout of the product");
  }
  if (turin) {
    Convert(fields, turin_name, TcbOf(snp::Product::kTurin, turin_bits), tcb);
  } else if (turin_bits != 0) {
    fields.Complain({}, fields.Path(turin_name), "not of the layout of the product");
  } else {
    Convert(fields, name, TcbOf(snp::Product::kMilan, milan_bits), tcb);
  }
}

void ReadBitRules(Fields& fields, snp::Policy& policy) {
  std::uint64_t guest_policy = 0;
  fields.Read("policy", guest_policy);
  Convert(fields, "policy", GuestPolicyOf(guest_policy), policy.guest_policy);
  std::optional<std::uint64_t> platform;
  ReadWrapped(fields, "platform_info", platform);
  if (platform) Convert(fields, "platform_info", PlatformOf(*platform), policy.platform);
}

// Whole keys and certificates, whose digests the report holds.
void RefuseKeys(Fields& fields, std::string_view name) {
  if (fields.List(name).empty()) return;
  fields.Complain({}, fields.Path(name),
                  "want the SHA-384 digests of the keys in the list of hashes instead");
}

void ReadKeys(Fields& fields, snp::Policy& policy) {
  fields.Read("require_author_key", policy.require_author_key);
  fields.Read("require_id_block", policy.require_id_block);
  RefuseKeys(fields, "trusted_author_keys");
  fields.Read("trusted_author_key_hashes", policy.trusted_author_keys);
  RefuseKeys(fields, "trusted_id_keys");
  fields.Read("trusted_id_key_hashes", policy.trusted_id_keys);
}

// Eight bytes are those of a Turin, whose reports fill up the field with zeros.
void ReadChipId(Fields& fields, snp::Policy& policy) {
  const Node* node = fields.Find("chip_id");
  if (!node) return;
  const auto bytes = fields.Bytes(*node, fields.Path("chip_id"));
  constexpr std::size_t kTurinSize = 8;
  if (bytes && bytes->size() == kTurinSize && policy.product == snp::Product::kTurin) {
    std::ranges::copy(*bytes, policy.chip_id.emplace().begin());
  } else if (bytes) {
    fields.Read("chip_id", policy.chip_id);
  }
}

void ReadReportFields(Fields& fields, snp::Policy& policy) {
  fields.Read("minimum_guest_svn", policy.min_guest_svn);
  fields.Read("family_id", policy.family_id);
  fields.Read("image_id", policy.image_id);
  ReadWrapped(fields, "vmpl", policy.vmpl);
  fields.Read("report_data", policy.report_data);
  std::optional<snp::Digest384> measurement;
  fields.Read("measurement", measurement);
  if (measurement) policy.measurements = {*measurement};
  fields.Read("host_data", policy.host_data);
  fields.Read("report_id", policy.report_id);
  fields.Read("report_id_ma", policy.report_id_ma);
  ReadChipId(fields, policy);
  fields.Read("minimum_build", policy.min_build);
  ReadVersion(fields, policy);
  fields.Read("permit_provisional_firmware", policy.permit_provisional_firmware);
}

void ReadReportPolicy(Fields fields, snp::Policy& policy) {
  if (auto product = fields.Section("product")) {
    std::optional<snp::Product> named;
    ReadProduct(*product, named);
    if (named && policy.product && named != policy.product) {
      fields.Complain({}, fields.Path("product"), "another product than the root of trust has");
    }
    if (named) policy.product = named;
  }
  ReadBitRules(fields, policy);
  ReadTcb(fields, "minimum_tcb", policy.product, policy.min_tcb);
  ReadTcb(fields, "minimum_launch_tcb", policy.product, policy.min_launch_tcb);
  ReadReportFields(fields, policy);
  ReadKeys(fields, policy);
  fields.Finish();
}

// The product decides about the root key, so it is a demand on the report.
void ReadProductLine(Fields& fields, std::string_view name, snp::Policy& policy) {
  std::string text;
  fields.Read(name, text);
  if (text.empty() || text == "Unknown") return;
  const std::optional<snp::Product> product = snp::ProductOfName(text);
  if (!product || (policy.product && policy.product != product)) {
    return fields.Complain({}, fields.Path(name), "want one of Milan, Genoa or Turin");
  }
  policy.product = product;
}

void ReadRootOfTrust(Fields fields, snp::Policy& policy) {
  ReadProductLine(fields, "product", policy);
  ReadProductLine(fields, "product_line", policy);
  fields.Read("check_crl", policy.require_crl);
  fields.Finish();  // notes paths and texts of CA bundles, and whether the reader may download
}

void ReadConfig(Fields fields, Policy& policy) {
  snp::Policy report;
  if (auto root = fields.Section("root_of_trust")) ReadRootOfTrust(*root, report);
  if (auto rules = fields.Section("policy")) {
    ReadReportPolicy(*rules, report);
    policy.snp = report;
  }
  if (auto banks = fields.Section("pcr_values")) {
    ReadPcrValues(*banks, policy.tpm.emplace().expected_pcrs);
    banks->Finish();
  }
  fields.Finish();
}

}  // namespace

Result<ReadJsonPolicy> ReadSnpJson(std::string_view text, Profile profile) {
  const Node document = COCOS_TRY(ReadJson(text));
  Findings findings;
  Policy policy;
  policy.profile = profile;
  ReadConfig(Fields(document, "", Format::kProtoJson, findings), policy);
  COCOS_TRY(Report(findings));
  COCOS_TRY(CheckPolicy(policy));
  return ReadJsonPolicy{std::move(policy), std::move(findings.unknown)};
}

}  // namespace cocos::attestation::policy
