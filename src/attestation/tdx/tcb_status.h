// Names of TCB statuses.
#pragma once

#include <optional>
#include <string_view>

#include "attestation/tdx/policy.h"

namespace cocos::attestation::tdx {

// Intel's text: "UpToDate", "SWHardeningNeeded", "TDRelaunchAdvised".
std::string_view TcbStatusName(TcbStatus status);
// None for a text that names no status. All that TcbStatusName gives are known.
std::optional<TcbStatus> TcbStatusNamed(std::string_view name);

}  // namespace cocos::attestation::tdx
