// Policies written by the commands that make and convert them.
#pragma once

#include <string>
#include <string_view>

#include "attestation/policy/policy.h"
#include "base/result.h"
#include "cli/streams.h"

namespace cocos::cli {

struct PolicyOutput {
  std::string to = "yaml";  // or "json", "corim"
  std::string signing_key;  // on P-256, PEM file: signs a CoRIM; empty: unsigned
  std::string signer;       // the name in a signed CoRIM
};

// Why the options do not go together or with where the output goes; empty: they do.
std::string WhyNotWritable(const PolicyOutput& output, const Streams& streams);

// Writes to `out`. What readers of the format will not demand is told on `err`, in the name of the
// command. Errors: a key that cannot be read; what the format cannot hold.
Result<void> WritePolicy(const attestation::policy::Policy& policy, const PolicyOutput& output,
                         std::string_view command, const Streams& streams);

}  // namespace cocos::cli
