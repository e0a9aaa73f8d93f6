// For crash tests: lets the daemon die between two lines. Compiled in only with
// COCOS_FAULT_INJECTION, never in a release build.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "cvm/manager.h"

namespace cocos::daemon {

// COCOS_TEST_DIE_AFTER=<step> kills the process with SIGKILL after that step of a create;
// COCOS_TEST_PAUSE_AFTER=<step> holds the create there until the file COCOS_TEST_PAUSE_FILE is
// gone. Empty when neither is set or the build has no fault injection. Errors: kInvalidArgument for
// a step that does not exist.
Result<std::function<void(cvm::CreateStep)>> FaultInjectionFrom(
    const std::map<std::string, std::string>& environment);

}  // namespace cocos::daemon
