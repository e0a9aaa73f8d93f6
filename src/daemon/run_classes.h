// From configured classes to what decides about runs of a service.
#pragma once

#include <vector>

#include "cms/class_choice.h"
#include "config/config.h"

namespace cocos::daemon {

// In the same order, "default" first.
std::vector<cms::RunClass> RunClassesFrom(const std::vector<config::ClassConfig>& classes);

}  // namespace cocos::daemon
