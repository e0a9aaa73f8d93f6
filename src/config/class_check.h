// What a class must hold together, whichever files and variables its values came from.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace cocos::config {

struct ClassFindings {
  std::vector<std::string> errors;    // the class cannot be used
  std::vector<std::string> warnings;  // it can, but not by mistake
};

// Each finding names the class and its origin.
ClassFindings CheckClass(const ClassConfig& each);

}  // namespace cocos::config
