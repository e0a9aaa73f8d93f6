// The keys of class files: one table from which the parser and docs/configuration.md come. `match`,
// the one key that is no scalar, is the parser's own.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace cocos::config {

struct ClassKey {
  std::string_view path;     // "resources.memory"
  std::string_view accepts;  // for people
  // Takes the text of the scalar. Errors: kInvalidArgument naming the text and what is accepted.
  std::function<Result<void>(ClassConfig&, const std::string&)> set;
};

const std::vector<ClassKey>& ClassKeys();

// The keys with what they accept, as the table of docs/configuration.md.
std::string ClassKeysMarkdown();

}  // namespace cocos::config
