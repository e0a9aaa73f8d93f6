// The program around the daemon: command line, configuration, signals, exit status.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/logger.h"
#include "base/result.h"
#include "daemon/platform.h"

namespace cocos::daemon {

using Environment = std::map<std::string, std::string>;
using MakePlatform = std::function<Result<std::unique_ptr<Platform>>(const Environment&, Logger&)>;

// Exit statuses: 0 ended on request, 1 could not start, 2 wrong command line or configuration.
int RunProgram(int argc, const char* const* argv, const MakePlatform& make_platform);

}  // namespace cocos::daemon
