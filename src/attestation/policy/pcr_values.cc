#include "attestation/policy/pcr_values.h"

#include <nlohmann/json.hpp>

#include "attestation/policy/json_document.h"
#include "attestation/policy/policy.h"
#include "attestation/policy/values.h"
#include "crypto/digest.h"

namespace cocos::attestation::policy {
namespace {

using crypto::DigestAlgorithm;
using nlohmann::ordered_json;

constexpr std::size_t kMaxFileBytes = std::size_t{64} * 1024;
constexpr std::string_view kRootKey = "pcr_values";

constexpr std::array kBanks = {DigestAlgorithm::kSha1, DigestAlgorithm::kSha256,
                               DigestAlgorithm::kSha384, DigestAlgorithm::kSha512};

void ReadPcr(Fields& bank, const Node::Member& pcr, DigestAlgorithm algorithm,
             std::map<unsigned, std::vector<std::byte>>& values) {
  const std::string path = bank.Path(pcr.name);
  // In decimal alone: 0 and 0x0 would be two demands on one PCR.
  const Result<std::uint64_t> index = ParseJsonUnsigned(pcr.name, kPcrs - 1);
  if (!index || pcr.name.find_first_not_of("0123456789") != std::string::npos) {
    return bank.Complain(pcr.value, path, fmt::format("want a PCR from 0 to {}", kPcrs - 1));
  }
  const Result<std::vector<std::byte>> value = crypto::HexDecode(pcr.value.text);
  const std::size_t size = crypto::DigestSize(algorithm);
  if (pcr.value.kind != Node::Kind::kText || !value) {
    return bank.Complain(pcr.value, path, "want hexadecimal digits");
  }
  if (value->size() != size) {
    return bank.Complain(pcr.value, path, fmt::format("{} bytes, want {}", value->size(), size));
  }
  values[static_cast<unsigned>(*index)] = *value;
}

Result<vtpm::PcrValues> ReadFileText(std::string_view json) {
  if (json.size() > kMaxFileBytes) {
    return Fail(ErrorCode::kMalformed, "{} bytes, want at most {}", json.size(), kMaxFileBytes);
  }
  const Node document = COCOS_TRY(ReadJson(json));
  Findings findings;
  vtpm::PcrValues values;
  Fields root(document, "", Format::kJson, findings);
  if (std::optional<Fields> banks = root.Section(kRootKey)) {
    ReadPcrValues(*banks, values);
    banks->Finish();
  }
  root.Finish();
  COCOS_TRY(Report(findings));
  if (values.empty()) return Fail(ErrorCode::kMalformed, "{}: no value in any bank", kRootKey);
  return values;
}

ordered_json WriteBank(const vtpm::PcrValues& values, DigestAlgorithm algorithm) {
  const auto bank = values.find(algorithm);
  if (bank == values.end() || bank->second.empty()) return nullptr;
  ordered_json json = ordered_json::object();
  for (const auto& [index, value] : bank->second) {
    json[std::to_string(index)] = crypto::HexEncode(value);
  }
  return json;
}

}  // namespace

void ReadPcrValues(Fields& banks, vtpm::PcrValues& values) {
  for (const DigestAlgorithm algorithm : kBanks) {
    std::optional<Fields> bank = banks.Section(crypto::DigestName(algorithm));
    if (!bank) continue;
    for (const Node::Member& pcr : bank->All()) ReadPcr(*bank, pcr, algorithm, values[algorithm]);
  }
}

Result<vtpm::PcrValues> ReadPcrFile(std::string_view json) {
  Result<vtpm::PcrValues> values = ReadFileText(json);
  if (!values) return tl::unexpected(std::move(values).error().Within("PCR values"));
  return values;
}

std::string WritePcrFile(const vtpm::PcrValues& values) {
  ordered_json banks = ordered_json::object();
  for (const DigestAlgorithm algorithm : kBanks) {
    const bool expected =
        algorithm == DigestAlgorithm::kSha256 || algorithm == DigestAlgorithm::kSha384;
    ordered_json json = WriteBank(values, algorithm);
    if (!expected && json.is_null()) continue;
    banks[std::string(crypto::DigestName(algorithm))] = std::move(json);
  }
  return ordered_json{{kRootKey, std::move(banks)}}.dump(2) + "\n";
}

}  // namespace cocos::attestation::policy
