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

bool IsOurs(std::string_view name) {
  return name.starts_with("MANAGER_") || FindVariable(name) != nullptr;
}

// The text inside one pair of quotes around all of it. Not of `"a" and "b"`, where the first and
// the last quote are no pair.
std::string_view Unquoted(std::string_view text) {
  if (text.size() < 2 || (text.front() != '"' && text.front() != '\'')) return text;
  const bool is_pair = text.find(text.front(), 1) == text.size() - 1;
  return is_pair ? text.substr(1, text.size() - 2) : text;
}

std::vector<std::string_view> AllNames() {
  std::vector<std::string_view> names;
  for (const Variable& variable : AllVariables()) {
    for (const std::string_view name : Spellings(variable)) names.push_back(name);
  }
  return names;
}

}  // namespace

VariableReader::VariableReader(const std::map<std::string, std::string>& environment) {
  for (const auto& [name, value] : environment) {
    const std::string_view text = Unquoted(value);
    if (IsOurs(name) && !text.empty()) environment_.emplace(name, text);
  }
}

std::vector<std::pair<std::string_view, std::string_view>> VariableReader::FindAllSet(
    const Variable& variable) const {
  std::vector<std::pair<std::string_view, std::string_view>> set;
  for (const std::string_view name : Spellings(variable)) {
    const auto found = environment_.find(std::string(name));
    if (found != environment_.end()) set.emplace_back(name, found->second);
  }
  return set;
}

std::pair<std::string_view, std::string_view> VariableReader::FindSet(
    const Variable& variable) const {
  const auto set = FindAllSet(variable);
  return set.empty() ? std::pair<std::string_view, std::string_view>() : set.front();
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

void VariableReader::NoteInFile(std::string_view name, const Setting& in_file) {
  settings_.push_back({std::string(name), in_file.value, in_file.origin});
}

void VariableReader::NoteOverridden(const Setting& in_file) {
  settings_.back().origin += " over " + in_file.origin;
}

void VariableReader::NoteWithoutMeaning() {
  for (const auto& [name, value] : environment_) {
    const Variable* variable = FindVariable(name);
    if (variable == nullptr || variable->use != Use::kNoMeaning) continue;
    settings_.push_back({name, Shown(*variable, value), "environment, no effect"});
  }
}

std::vector<std::string> VariableReader::Warnings() const {
  std::vector<std::string> warnings;
  for (const auto& [name, value] : environment_) WarnOfName(name, warnings);
  for (const Variable& variable : AllVariables()) WarnOfSpellings(variable, warnings);
  return warnings;
}

void VariableReader::WarnOfName(std::string_view name, std::vector<std::string>& warnings) const {
  const Variable* variable = FindVariable(name);
  if (variable == nullptr) {
    const std::string_view nearest = NearestName(name, AllNames());
    warnings.push_back(
        fmt::format("{} is not a variable of this manager{}", name,
                    nearest.empty() ? std::string() : fmt::format(", did you mean {}?", nearest)));
  } else if (variable->use == Use::kNoMeaning) {
    warnings.push_back(fmt::format("{} has no effect: {}", name, variable->description));
  } else if (variable->use == Use::kKept) {
    warnings.push_back(
        fmt::format("{} is accepted but has no effect yet: {}", name, variable->description));
  }
}

void VariableReader::WarnOfSpellings(const Variable& variable,
                                     std::vector<std::string>& warnings) const {
  if (variable.use == Use::kNoMeaning) return;  // nothing counts
  const auto set = FindAllSet(variable);
  std::string losers;
  for (const auto& [name, text] : set) {
    if (text == set.front().second) continue;
    losers += fmt::format("{}{}={}", losers.empty() ? "" : " and ", name, Shown(variable, text));
  }
  if (losers.empty()) return;
  const auto& [winner, text] = set.front();
  warnings.push_back(fmt::format("{} is another spelling of {} and differs; {}={} counts", losers,
                                 variable.name, winner, Shown(variable, text)));
}

}  // namespace cocos::config
