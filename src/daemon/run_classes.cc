#include "daemon/run_classes.h"

#include <optional>
#include <utility>

#include "base/result.h"

namespace cocos::daemon {

std::vector<cms::RunClass> RunClassesFrom(const std::vector<config::ClassConfig>& classes) {
  std::vector<cms::RunClass> built;
  for (const config::ClassConfig& from : classes) {
    cms::RunClass to{.name = from.name, .agent_port = from.guest_port, .rules = {}};
    for (const config::MatchRule& rule : from.match) {
      const std::optional<cms::Property> property = cms::PropertyNamed(rule.key);
      COCOS_CHECK(property);  // the configuration has checked it
      to.rules.push_back({*property, rule.value});
    }
    built.push_back(std::move(to));
  }
  return built;
}

}  // namespace cocos::daemon
