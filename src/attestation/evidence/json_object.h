// Strict JSON (RFC 8259) for tokens: one object, of which the caller wants some members.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace cocos::attestation {

// A member: text, or an integer in range, or something else that no caller uses.
struct OtherJson {
  friend bool operator==(const OtherJson&, const OtherJson&) = default;
};
using JsonMember = std::variant<OtherJson, std::string, std::int64_t>;
using JsonObject = std::map<std::string, JsonMember, std::less<>>;

// Parses a text that is exactly one object, up to 8 deep with up to 256 entries in each object and
// array. Everywhere in it keys are printable ASCII and unique, also when case is ignored: readers
// exist that match names so. Errors: kMalformed, `what` is the operand.
Result<JsonObject> ParseJsonObject(std::string_view text, std::string_view what);

}  // namespace cocos::attestation
