// The class "default": built-in values, refined by a class file of that name, refined by variables.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/class_file.h"
#include "config/config.h"
#include "config/variable_reader.h"

namespace cocos::config {

struct DefaultClass {
  ClassConfig value;
  std::vector<Setting> settings;  // what only the file sets: keys that no variable stands for
};

// What bare names and relative paths are looked up in.
struct Surroundings {
  const std::string& working_dir;
  const std::map<std::string, std::string>& environment;  // for PATH
};

// `file` is what default.yaml says, or null without one. Where a variable is set it counts, else
// the file, else the variable's documented default. Mistakes and origins are the reader's.
DefaultClass LoadDefaultClass(VariableReader& reader, const Surroundings& surroundings,
                              const ClassFile* file);

}  // namespace cocos::config
