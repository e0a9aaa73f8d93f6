// What the simulated processor learns of a launch, and what it measures of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "attestation/launch/digest384.h"
#include "base/result.h"
#include "domain/xml.h"

namespace cocos::simtee {

// From the domain that is really launched, not from what anybody says of it.
struct LaunchRecord {
  std::string firmware;
  std::string kernel;
  std::string initrd;
  std::string command_line;
  std::string cpu_model;
  std::uint32_t vcpus = 1;
  bool kernel_hashes = false;
  std::uint64_t guest_policy = 0;
  std::vector<std::byte> host_data;  // 32 bytes
};

// Of a domain with <launchSecurity type='sev-snp'>. Errors: kInvalidArgument for a domain that this
// processor cannot launch.
Result<LaunchRecord> ReadLaunch(domain::Element domain);

// Reads the files as they are now. Errors: those of the files and of launch::MeasureSnp.
Result<attestation::launch::Digest384> Measure(const LaunchRecord& record);

}  // namespace cocos::simtee
