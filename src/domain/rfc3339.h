// Times as text: RFC 3339, UTC only, to the nanosecond.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/spec.h"

namespace cocos::domain {

// "2026-01-02T03:04:05Z", or with nine digits of fraction where it is not zero.
std::string FormatTime(TimePoint time);

// Reads what FormatTime writes, and one to nine digits of fraction. Errors: kMalformed with the
// text, for anything else, dates that do not exist, and times that TimePoint cannot hold.
Result<TimePoint> ParseTime(std::string_view text);

}  // namespace cocos::domain
