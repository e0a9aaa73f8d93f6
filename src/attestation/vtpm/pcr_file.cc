#include "attestation/vtpm/pcr_file.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "attestation/vtpm/refusal.h"
#include "attestation/vtpm/strict_json.h"
#include "attestation/vtpm/tpm_types.h"

namespace cocos::attestation::vtpm {

namespace {

using crypto::DigestAlgorithm;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxFileBytes = std::size_t{64} << 10;
constexpr std::string_view kRootKey = "pcr_values";

template <typename... Args>
tl::unexpected<Error> Malformed(fmt::format_string<Args...> format, Args&&... args) {
  return Refuse(reason::kMalformed, format, std::forward<Args>(args)...);
}

std::optional<DigestAlgorithm> BankOf(std::string_view name) {
  for (const auto bank : {DigestAlgorithm::kSha1, DigestAlgorithm::kSha256,
                          DigestAlgorithm::kSha384, DigestAlgorithm::kSha512}) {
    if (crypto::DigestName(bank) == name) return bank;
  }
  return std::nullopt;
}

Result<unsigned> ParseIndex(std::string_view text) {
  unsigned index = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, index);
  const bool decimal = failed == std::errc() && stop == end && std::to_string(index) == text;
  if (decimal && index < kPcrCount) return index;
  return Malformed("PCR \"{}\": want 0 to {}", text, kPcrCount - 1);
}

Result<std::vector<std::byte>> ParseValue(DigestAlgorithm bank, const nlohmann::json& value) {
  if (!value.is_string()) return Malformed("want a text of hexadecimal digits");
  auto bytes = COCOS_TRY(crypto::HexDecode(value.get_ref<const std::string&>()));
  if (bytes.size() != crypto::DigestSize(bank)) {
    return Malformed("{} bytes, want {}", bytes.size(), crypto::DigestSize(bank));
  }
  return bytes;
}

Result<std::map<unsigned, std::vector<std::byte>>> ParseBank(DigestAlgorithm bank,
                                                             const nlohmann::json& values) {
  if (!values.is_object()) return Malformed("want an object or null");
  std::map<unsigned, std::vector<std::byte>> parsed;
  for (const auto& [key, value] : values.items()) {
    const unsigned index = COCOS_TRY(ParseIndex(key));
    auto bytes = ParseValue(bank, value);
    if (!bytes) return tl::unexpected(std::move(bytes).error().Within(fmt::format("PCR {}", key)));
    parsed.emplace(index, *std::move(bytes));
  }
  return parsed;
}

Result<void> AddBank(PcrValues& values, const std::string& name, const nlohmann::json& json) {
  const auto bank = BankOf(name);
  if (!bank) return Malformed("unknown bank, want sha1, sha256, sha384 or sha512");
  if (json.is_null()) return {};
  auto parsed = COCOS_TRY(ParseBank(*bank, json));
  if (!parsed.empty()) values.emplace(*bank, std::move(parsed));
  return {};
}

Json WriteBank(const PcrValues& values, DigestAlgorithm bank) {
  const auto found = values.find(bank);
  if (found == values.end() || found->second.empty()) return nullptr;
  Json json = Json::object();
  for (const auto& [index, value] : found->second) {
    json[std::to_string(index)] = crypto::HexEncode(value);
  }
  return json;
}

}  // namespace

Result<PcrValues> ParsePcrFile(std::string_view json) {
  const auto root = COCOS_TRY(ParseStrictJson("PCR values", json, kMaxFileBytes));
  if (!root.is_object() || root.size() != 1 || !root.contains(kRootKey) ||
      !root[std::string(kRootKey)].is_object()) {
    return Malformed("PCR values: want an object with an object \"{}\" alone", kRootKey);
  }
  PcrValues values;
  for (const auto& [name, bank] : root[std::string(kRootKey)].items()) {
    auto added = AddBank(values, name, bank);
    if (!added) {
      return tl::unexpected(
          std::move(added).error().Within(fmt::format("PCR values: bank \"{}\"", name)));
    }
  }
  if (values.empty()) return Malformed("PCR values: no value in any bank");
  return values;
}

std::string WritePcrFile(const PcrValues& values) {
  Json banks = Json::object();
  for (const auto bank : {DigestAlgorithm::kSha1, DigestAlgorithm::kSha256,
                          DigestAlgorithm::kSha384, DigestAlgorithm::kSha512}) {
    const bool expected = bank == DigestAlgorithm::kSha256 || bank == DigestAlgorithm::kSha384;
    Json json = WriteBank(values, bank);
    if (expected || !json.is_null()) {
      banks[std::string(crypto::DigestName(bank))] = std::move(json);
    }
  }
  return Json{{kRootKey, std::move(banks)}}.dump(2) + "\n";
}

}  // namespace cocos::attestation::vtpm
