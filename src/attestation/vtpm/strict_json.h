// JSON of untrusted origin, read in one way only. For the sources of this module.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"

namespace cocos::attestation::vtpm {

// The value of a text of at most `max_bytes`. A key that occurs twice in one object is refused: two
// readers could take different values. Errors: kMalformed with the reason malformed, naming `what`.
Result<nlohmann::json> ParseStrictJson(std::string_view what, std::string_view text,
                                       std::size_t max_bytes);

}  // namespace cocos::attestation::vtpm
