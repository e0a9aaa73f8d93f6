// Which class of CVM a computation of the service runs in.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proto/manager.pb.h"

namespace cocos::cms {

// What of a computation a rule looks at.
enum class Property { kId, kIdPrefix, kName, kNamePrefix, kAlgorithm };

// By its name in class files: "id", "id_prefix", "name", "name_prefix", "algorithm".
std::optional<Property> PropertyNamed(std::string_view name);

struct MatchRule {
  Property property = Property::kId;
  std::string value;  // kAlgorithm: the digest in lower-case hex
};

// A class as far as runs are concerned.
struct RunClass {
  std::string name;
  std::uint16_t agent_port = 7002;  // in the guest
  std::vector<MatchRule> rules;     // each by itself makes a computation the class's
};

// The class that a rule fits; the first one if none does. `classes` has one at least and outlives
// what is returned. Errors: kFailedPrecondition when rules of several classes fit: one of them may
// attest and the other not, so which comes first is no reason.
Result<const RunClass*> ChooseClass(std::span<const RunClass> classes,
                                    const manager::ComputationRunReq& request);

}  // namespace cocos::cms
