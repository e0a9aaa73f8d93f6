// Durations in the syntax of Go's time package, which upstream uses in requests, variables and
// logs.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cocos {

// Parses what Go's time.ParseDuration accepts: an optional sign, then decimal numbers with optional
// fraction, each followed by ns, us, µs (U+00B5), μs (U+03BC), ms, s, m or h; or the bare string 0.
// Errors: kInvalidArgument with Go's own texts, e.g. `time: unknown unit "d" in duration "5d"`.
Result<std::chrono::nanoseconds> ParseGoDuration(std::string_view text);

// Formats as Go's Duration.String: "0s", "751.884µs", "1.5s", "1h0m0s".
std::string FormatGoDuration(std::chrono::nanoseconds duration);

}  // namespace cocos
