// Takes variables out of an environment, with default, origin and error of each.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/variables.h"

namespace cocos::config {

// Mistakes are collected, so that an operator sees all of them at once. One pair of quotes around a
// whole value is taken off: systemd does so, other readers of environment files do not.
class VariableReader {
 public:
  explicit VariableReader(const std::map<std::string, std::string>& environment);

  // The text of a variable of the table: that of its first spelling that is set and not empty, else
  // the default. Notes value and origin.
  std::string Text(std::string_view name);
  // The same, converted; the setting shows what came out of it.
  std::string Converted(std::string_view name,
                        const std::function<std::string(const std::string&)>& convert);
  // True if the variable has a value of its own.
  bool IsSet(std::string_view name) const;

  // The parsed text; a value-initialized one after an error.
  template <typename Parse>
  auto Parsed(std::string_view name, Parse parse) ->
      typename decltype(parse(std::string_view()))::value_type {
    auto value = parse(Text(name));
    if (value) return *std::move(value);
    Complain(name, value.error());
    return {};
  }
  // The same for a variable without a default; no value when it is not set.
  template <typename Parse>
  auto OptionalParsed(std::string_view name, Parse parse)
      -> std::optional<typename decltype(parse(std::string_view()))::value_type> {
    if (!IsSet(name)) {
      Text(name);  // for its origin
      return std::nullopt;
    }
    return Parsed(name, parse);
  }

  // Notes a mistake under the spelling that is set.
  void Complain(std::string_view name, const Error& error);

  // Notes that the value of an unset variable is the one of a class file.
  void NoteInFile(std::string_view name, const Setting& in_file);
  // Notes that the setting noted last counts, and not the one in a class file.
  void NoteOverridden(const Setting& in_file);
  // Notes the variables that are set and mean nothing here.
  void NoteWithoutMeaning();

  // Warnings about variables that are set but not honoured, misspelt or unknown, and about
  // spellings of one variable that disagree.
  std::vector<std::string> Warnings() const;

  std::vector<Setting> TakeSettings() { return std::move(settings_); }
  const std::vector<std::string>& errors() const { return errors_; }

 private:
  // Name and text of the spelling that counts; an empty name when none is set.
  std::pair<std::string_view, std::string_view> FindSet(const Variable& variable) const;
  // All of them, the one that counts first.
  std::vector<std::pair<std::string_view, std::string_view>> FindAllSet(
      const Variable& variable) const;
  void WarnOfName(std::string_view name, std::vector<std::string>& warnings) const;
  void WarnOfSpellings(const Variable& variable, std::vector<std::string>& warnings) const;

  std::map<std::string, std::string> environment_;  // what is set and not empty, without quotes
  std::vector<Setting> settings_;
  std::vector<std::string> errors_;
};

}  // namespace cocos::config
