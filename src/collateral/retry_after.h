// How long a server asks a client to stay away.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "crypto/certificate.h"

namespace cocos::collateral {

// The value of a Retry-After header: seconds, or a date in the form of today (IMF-fixdate, "Sun, 06
// Nov 1994 08:49:37 GMT"). A date that has passed means 0; more than a year, a year. None for
// anything else. RFC 9110 sections 5.6.7 and 10.2.3.
std::optional<std::chrono::seconds> ParseRetryAfter(std::string_view value, crypto::TimePoint now);

}  // namespace cocos::collateral
