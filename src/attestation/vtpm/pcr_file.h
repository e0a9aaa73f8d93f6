// The file of expected PCR values: {"pcr_values": {"sha256": {"0": "<hex>", ...}, "sha384": null}}.
// The same object is part of policies that go out.
#pragma once

#include <string>
#include <string_view>

#include "attestation/vtpm/policy.h"
#include "base/result.h"

namespace cocos::attestation::vtpm {

// Banks sha1, sha256, sha384 and sha512; a bank may be null or empty. Strict, for a typing error
// here would mean that a PCR goes unchecked: no other key at any level, no key twice, indexes 0 to
// 23 without leading zeros, values in hexadecimal of exactly the bank's length, at least one value,
// at most 64 KiB. Errors: kMalformed, naming the bank and PCR.
Result<PcrValues> ParsePcrFile(std::string_view json);

// Two-space indent, keys in the order of their indexes, lower-case hexadecimal, a line end at the
// end; sha256 and sha384 are null where they have no value, as older readers expect both. Other
// banks than the four cannot be written and are left out.
std::string WritePcrFile(const PcrValues& values);

}  // namespace cocos::attestation::vtpm
