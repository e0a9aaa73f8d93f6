// Every environment variable the manager knows: one table from which the reader, the help text, the
// warnings and docs/configuration.md come.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cocos::config {

enum class Use {
  kHonoured,
  kKept,       // accepted for what is to come; has no effect yet
  kNoMeaning,  // accepted with a warning: libvirt has no use for it, `replacement` says what has
};

struct Variable {
  std::string_view name;
  // Other spellings of other releases, separated by blanks. The first one that is set counts.
  std::string_view aliases;
  std::string_view default_text;  // as documented
  Use use = Use::kHonoured;
  bool secret = false;
  std::string_view description;  // of a kNoMeaning variable: what replaces it
};

std::span<const Variable> AllVariables();

// The variable of this name or alias, or null.
const Variable* FindVariable(std::string_view name);

// All variables with default and description, for --help.
std::string VariablesHelp();

// The same as the table of docs/configuration.md.
std::string VariablesMarkdown();

}  // namespace cocos::config
