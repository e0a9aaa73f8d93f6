// What a zip archive holds, read by the library's own reader.
#pragma once

#include <map>
#include <string>

namespace cocos::testagent {

// Contents by name; empty when the bytes are no archive.
std::map<std::string, std::string> Unzip(const std::string& archive);

}  // namespace cocos::testagent
