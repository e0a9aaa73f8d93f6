// The options of cvmctl collateral.
#pragma once

#include "cli/collateral_command.h"

namespace CLI {
class App;
}  // namespace CLI

namespace cocos::cli {

// They are written into `options`, which outlives the use of `command`.
void AddFetchOptions(CLI::App& command, FetchCollateralOptions& options);
void AddStatusOptions(CLI::App& command, CollateralStatusOptions& options);

}  // namespace cocos::cli
