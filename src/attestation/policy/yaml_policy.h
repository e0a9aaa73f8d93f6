// Policy files of this project: policies/attestation/*.yaml. docs/attestation-policies.md lists the
// keys.
#pragma once

#include <string_view>

#include "attestation/policy/policy.h"
#include "base/result.h"

namespace cocos::attestation::policy {

// One YAML document of at most 256 KiB, without anchors, aliases and tags. What a file leaves out
// has the value of the structs; unknown keys, values of another length and CheckPolicy's findings
// are errors. Errors: kMalformed, up to eight mistakes, one a line: "<line>:<column>: <key>: ...";
// kInvalidArgument from CheckPolicy.
Result<Policy> ReadPolicyYaml(std::string_view text);

}  // namespace cocos::attestation::policy
