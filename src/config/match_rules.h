// The `match` list of classes: which computations of a service belong to a class.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace cocos::config {

// What rules can ask for, for documents.
inline constexpr std::string_view kMatchAccepts =
    "list of `key`, `value`: a computation of the CMS that one of them fits belongs to the class; "
    "key: id, id_prefix, name, name_prefix (text) or algorithm (SHA3-256 in hexadecimal)";

// Errors: kInvalidArgument for an unknown key and a value that no computation can have.
Result<MatchRule> ParseMatchRule(std::string_view key, std::string_view value);

// What is wrong with the rules of all classes together: one rule in two of them, or any in the
// class "default", which has what no other class matches. Each text names class and file.
std::vector<std::string> CheckMatchRules(const std::vector<ClassConfig>& classes);

}  // namespace cocos::config
