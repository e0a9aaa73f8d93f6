#include "config/variable_reader.h"

#include <algorithm>

#include "config/values.h"

namespace cocos::config {
namespace {

constexpr std::string_view kMask = "(set, not shown)";

std::vector<std::string_view> Spellings(const Variable& variable) {
  std::vector<std::string_view> names = {variable.name};
  std::string_view rest = variable.aliases;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    names.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

// A bundle may hold a key next to its certificate, in a variable that is no secret by itself.
std::string Shown(const Variable& variable, std::string_view text) {
  const bool secret = variable.secret || text.find("PRIVATE KEY") != std::string_view::npos;
  return std::string(secret ? kMask : text);
}

std::vector<std::string_view> AllNames() {
  std::vector<std::string_view> names;
  for (const Variable& variable : AllVariables()) {
    for (const std::string_view name : Spellings(variable)) names.push_back(name);
  }
  return names;
}

}  // namespace

std::pair<std::string_view, std::string_view> VariableReader::FindSet(
    const Variable& variable) const {
  for (const std::string_view name : Spellings(variable)) {
    const auto found = environment_.find(std::string(name));
    if (found != environment_.end() && !found->second.empty()) return {name, found->second};
  }
  return {};
}

std::string VariableReader::Text(std::string_view name) {
  const Variable* variable = FindVariable(name);
  COCOS_CHECK(variable != nullptr);
  const auto [spelling, text] = FindSet(*variable);
  if (spelling.empty()) {
    settings_.push_back({std::string(name), std::string(variable->default_text), "default"});
    return std::string(variable->default_text);
  }
  settings_.push_back(
      {std::string(name), Shown(*variable, text),
       spelling == name ? "environment" : fmt::format("environment (as {})", spelling)});
  return std::string(text);
}

std::string VariableReader::Converted(
    std::string_view name, const std::function<std::string(const std::string&)>& convert) {
  std::string value = convert(Text(name));
  Setting& setting = settings_.back();
  if (setting.value != kMask) setting.value = value;
  return value;
}

bool VariableReader::IsSet(std::string_view name) const {
  const Variable* variable = FindVariable(name);
  COCOS_CHECK(variable != nullptr);
  return !FindSet(*variable).first.empty();
}

void VariableReader::Complain(std::string_view name, const Error& error) {
  const Variable* variable = FindVariable(name);
  COCOS_CHECK(variable != nullptr);
  const std::string_view spelling = FindSet(*variable).first;
  errors_.push_back(fmt::format("{}: {}", spelling.empty() ? name : spelling, error.message()));
}

std::vector<std::string> VariableReader::Warnings() const {
  std::vector<std::string> warnings;
  const std::vector<std::string_view> known = AllNames();
  for (const auto& [name, value] : environment_) {
    if (value.empty()) continue;
    const Variable* variable = FindVariable(name);
    if (variable != nullptr && variable->use == Use::kNoMeaning) {
      warnings.push_back(fmt::format("{} has no effect: {}", name, variable->description));
    } else if (variable != nullptr && variable->use == Use::kKept) {
      warnings.push_back(
          fmt::format("{} is accepted but has no effect yet: {}", name, variable->description));
    } else if (variable == nullptr && name.starts_with("MANAGER_")) {
      const std::string_view nearest = NearestName(name, known);
      warnings.push_back(fmt::format(
          "{} is not a variable of this manager{}", name,
          nearest.empty() ? std::string() : fmt::format(", did you mean {}?", nearest)));
    }
  }
  return warnings;
}

}  // namespace cocos::config
