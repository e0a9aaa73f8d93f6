// The demands of a policy, line by line, whatever format it came in. Pure.
#pragma once

#include <string>
#include <vector>

#include "attestation/policy/policy.h"

namespace cocos::cli {

// The key of the YAML form (docs/attestation-policies.md) and a value in its notation.
struct Demand {
  std::string key;  // "snp.min_tcb"
  std::string value;
};

// Everything that is checked, in the order of the YAML form; values of which nothing depends are
// left out. A list has a line for each of its values.
std::vector<Demand> DemandsOf(const attestation::policy::Policy& policy);

}  // namespace cocos::cli
