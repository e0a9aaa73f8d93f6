// What a dishonest host does otherwise than it says, as a test wants it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace cocos::simtee {

struct Deviations {
  std::optional<std::string> kernel;          // path: launched in place of the domain's
  std::optional<std::uint64_t> guest_policy;  // set at the launch in place of the domain's
  std::optional<std::string> host_data;       // hexadecimal, 32 bytes
  bool vtpm = false;                          // the guest gets a TPM, as from an SVSM
  std::optional<std::string> report_data;     // hexadecimal, 64 bytes: as replayed evidence has it
};

// <directory>/deviations.json, an object with these members; no file: none. Read at each launch.
// Errors: kMalformed.
Result<Deviations> ReadDeviations(const std::string& directory);

}  // namespace cocos::simtee
