// Policy files of this project: policies/attestation/*.yaml. docs/attestation-policies.md lists the
// keys.
#pragma once

#include <string>
#include <string_view>

#include "attestation/policy/policy.h"
#include "base/result.h"

namespace cocos::attestation::policy {

// One YAML document of at most 256 KiB, without anchors, aliases and tags. What a file leaves out
// has the value of the structs; unknown keys, values of another length and CheckPolicy's findings
// are errors. Errors: kMalformed, up to eight mistakes, one a line: "<line>:<column>: <key>: ...";
// kInvalidArgument from CheckPolicy.
Result<Policy> ReadPolicyYaml(std::string_view text);

// The same text for the same policy: keys in the order of the documentation, values that have a
// default too, so that a later default changes nothing; absent values and empty lists are left out.
// What ReadPolicyYaml makes of it is the policy. Errors: kInvalidArgument from CheckPolicy and
// for digests of SHA-3; kMalformed for more values than the reader takes.
Result<std::string> WritePolicyYaml(const Policy& policy);

}  // namespace cocos::attestation::policy
