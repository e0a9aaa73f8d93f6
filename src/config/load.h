// From the environment and the class files to one checked Config.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace cocos::config {

struct ClassFileText {
  std::string path;
  std::string text;
};

// What the configuration is read from; tests give their own.
struct Sources {
  std::map<std::string, std::string> environment;
  std::string working_dir;  // relative paths are taken from here
  // The *.yaml files of a directory in the order of their names; a directory that does not exist
  // has none. Errors name the file that cannot be read or trusted.
  std::function<Result<std::vector<ClassFileText>>(const std::string& directory)> read_class_files;
};

// Errors: kInvalidArgument with every mistake found, one a line, each naming the variable or file
// and line, the value, and what is accepted.
Result<Config> LoadConfig(const Sources& sources);

// The class files of a real directory. A file or directory that somebody other than root or the
// manager's own user may write is refused: a class decides what is started.
Result<std::vector<ClassFileText>> ReadClassFiles(const std::string& directory);

// The effective configuration, a line a value with its origin; secrets are masked.
std::string DescribeConfig(const Config& config);

}  // namespace cocos::config
