// Which of the things that a CVM was launched with a relying party can be sure of
// (docs/host-data.md, docs/threat-model.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cvm/cvm.h"

namespace cocos::cvm {

enum class Coverage {
  kMeasured,  // the launch measurement, which hardware signs, depends on it
  kBound,  // another field of the report, which the host fixed at the launch, is or depends on it
  kUnmeasured,  // the host could have given another, and evidence would be the same
};
std::string_view CoverageName(Coverage coverage);  // "measured"

struct LaunchInput {
  std::string_view name;  // stable: "firmware", "kernel", "certificates", ...
  Coverage coverage = Coverage::kUnmeasured;
  std::string_view by;  // what covers it, or why nothing does, for people
};

// All inputs of this CVM, in a fixed order: boot files that it has, command line, vCPUs, memory,
// computation, the two shares, host data, launch settings, devices. Depends on nothing but what was
// captured at its creation; what was not captured, as by earlier releases, counts as unmeasured.
// Without a TEE everything does.
std::vector<LaunchInput> LaunchInputsOf(const Snapshot& cvm);

}  // namespace cocos::cvm
