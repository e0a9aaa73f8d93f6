// Texts of policy files to values. Errors are kMalformed and say what is accepted; the caller adds
// where the text stands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cocos::attestation::policy {

// Decimal without leading zeros, or hexadecimal behind 0x, up to `max`.
Result<std::uint64_t> ParseUnsigned(std::string_view text, std::uint64_t max);

// An integer as protobuf's JSON form writes it: a JSON number, up to `max`, whose value is whole:
// 200, 2e2 and 200.0 are the same. Never passes through floating point.
Result<std::uint64_t> ParseJsonUnsigned(std::string_view text, std::uint64_t max);

// Base64 as protobuf's JSON form reads it: the standard or the URL alphabet, padded or not.
Result<std::vector<std::byte>> ParseJsonBytes(std::string_view text);

// "1.55": two numbers up to 255. Returned major, minor.
Result<std::pair<std::uint8_t, std::uint8_t>> ParseVersion(std::string_view text);

// minimum_tcb -> minimumTcb, as protobuf names fields in JSON.
std::string CamelCase(std::string_view snake_case);

}  // namespace cocos::attestation::policy
