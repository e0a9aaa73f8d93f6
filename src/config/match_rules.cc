#include "config/match_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace cocos::config {
namespace {

constexpr std::size_t kMaxTextBytes = 256;  // no id of a computation is longer
constexpr std::size_t kDigestDigits = 64;

constexpr std::array<std::string_view, 4> kTextKeys = {"id", "id_prefix", "name", "name_prefix"};

Result<std::string> ParseText(std::string_view value) {
  if (!value.empty() && value.size() <= kMaxTextBytes) return std::string(value);
  return Fail(ErrorCode::kInvalidArgument, "{} bytes: want 1 to {}", value.size(), kMaxTextBytes);
}

Result<std::string> ParseDigest(std::string_view value) {
  std::string digits;
  for (const char c : value) {
    const bool upper = c >= 'A' && c <= 'F';
    digits += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const bool good = digits.size() == kDigestDigits &&
                    digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (good) return digits;
  return Fail(ErrorCode::kInvalidArgument, "{:?}: want {} hexadecimal digits", value,
              kDigestDigits);
}

}  // namespace

Result<MatchRule> ParseMatchRule(std::string_view key, std::string_view value) {
  const bool is_text = std::ranges::find(kTextKeys, key) != kTextKeys.end();
  if (!is_text && key != "algorithm") {
    return Fail(ErrorCode::kInvalidArgument,
                "key {:?}: want id, id_prefix, name, name_prefix or algorithm", key);
  }
  Result<std::string> parsed = is_text ? ParseText(value) : ParseDigest(value);
  if (!parsed) {
    return tl::unexpected(std::move(parsed).error().Within(fmt::format("{}: value", key)));
  }
  return MatchRule{std::string(key), *std::move(parsed)};
}

std::vector<std::string> CheckMatchRules(const std::vector<ClassConfig>& classes) {
  std::vector<std::string> errors;
  std::map<std::pair<std::string, std::string>, const ClassConfig*> owners;
  for (const ClassConfig& each : classes) {
    if (each.name == "default" && !each.match.empty()) {
      errors.push_back(fmt::format(
          "class \"default\" ({}): match: want none, it has what no other class matches",
          each.origin));
      continue;
    }
    for (const MatchRule& rule : each.match) {
      const auto [owner, is_new] = owners.try_emplace({rule.key, rule.value}, &each);
      if (is_new || owner->second == &each) continue;
      errors.push_back(fmt::format(
          "class \"{}\" ({}): match: {} {:?} is a rule of class \"{}\" already, want it in one",
          each.name, each.origin, rule.key, rule.value, owner->second->name));
    }
  }
  return errors;
}

}  // namespace cocos::config
