// LoadConfig from values a test gives.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"

namespace cocos::config {

using Environment = std::map<std::string, std::string>;

// Relative paths are taken from /srv/cocos.
inline Result<Config> Load(Environment environment, std::vector<ClassFileText> files = {}) {
  return LoadConfig({.environment = std::move(environment),
                     .working_dir = "/srv/cocos",
                     .read_class_files = [files = std::move(files)](const std::string&) {
                       return Result<std::vector<ClassFileText>>(files);
                     }});
}

}  // namespace cocos::config
