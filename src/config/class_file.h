// One class file: YAML to a ClassConfig.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace cocos::config {

struct ClassFile {
  ClassConfig value;
  std::vector<Setting> settings;    // what the file sets
  std::vector<std::string> errors;  // "FILE:LINE:COLUMN: key: ..."; empty: `value` is good
};

// Keys that the file leaves out have the value of `inherited`, the class "default"; only a file
// that drops the kernel or the firmware code drops their inherited initrd or variables too. The
// class is
// named after the file unless the file says the same with `name`. Unknown keys are errors that name
// the nearest known one.
ClassFile ParseClassFile(const std::string& path, std::string_view text,
                         const ClassConfig& inherited);

}  // namespace cocos::config
