// Expected PCR values in documents: banks by name, PCRs by index, values in hexadecimal in every
// format. The file of MANAGER_PCR_VALUES has nothing else:
//   {"pcr_values": {"sha256": {"0": "<hex>", ...}, "sha384": null}}
// and the same object is part of upstream's JSON policies.
#pragma once

#include <string>
#include <string_view>

#include "attestation/policy/fields.h"
#include "attestation/vtpm/policy.h"
#include "base/result.h"

namespace cocos::attestation::policy {

// Adds the values of the banks sha1, sha256, sha384 and sha512. Banks of other names stay unasked
// for, so Finish notes them.
void ReadPcrValues(Fields& banks, vtpm::PcrValues& values);

// The file. A bank may be null or empty. Strict, for a typing error here would mean that a PCR goes
// unchecked: no other key at any level, no key twice, indexes 0 to 23 without leading zeros, values
// of exactly the bank's length, at least one value, at most 64 KiB.
// Errors: kMalformed, up to eight mistakes: "PCR values: <line>:<column>: <key>: ...".
Result<vtpm::PcrValues> ReadPcrFile(std::string_view json);

// Two-space indent, keys in the order of their indexes, lower-case hexadecimal, a line end at the
// end; sha256 and sha384 are null where they have no value, as older readers expect both. Other
// banks than the four cannot be written and are left out.
std::string WritePcrFile(const vtpm::PcrValues& values);

}  // namespace cocos::attestation::policy
