// What the tests of cvmctl verify share.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "unit/cli/run_cvmctl.h"

namespace cocos::cli {

inline std::vector<std::string> Joined(std::vector<std::string> first,
                                       const std::vector<std::string>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

inline nlohmann::json JsonOf(const std::vector<std::string>& arguments) {
  return nlohmann::json::parse(RunForTest(Joined({"--output", "json"}, arguments)).out, nullptr,
                               false);
}

// A claim of a result; null without it.
inline nlohmann::json ClaimOf(const nlohmann::json& result, const std::string& name) {
  for (const auto& claim : result.at("claims")) {
    if (claim.at("name") == name) return claim;
  }
  return nullptr;
}

}  // namespace cocos::cli
