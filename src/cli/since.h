// Moments as an operator writes them.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "base/result.h"

namespace cocos::cli {

// "10m" (so long ago, units as in ParseGoDuration) or RFC 3339, "2026-11-24T18:00:00Z". Errors:
// kInvalidArgument naming the option.
Result<google::protobuf::Timestamp> ParseSince(const std::string& option, const std::string& text,
                                               const google::protobuf::Timestamp& now);

}  // namespace cocos::cli
