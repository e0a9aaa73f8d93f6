// Why the launch measurement of a CVM is not the one that was wanted, for people.
#pragma once

#include <cstdint>
#include <string>

#include "attestation/launch/digest384.h"
#include "cvm/class.h"
#include "cvm/cvm.h"

namespace cocos::cvm {

// One line of clauses, each behind "; ", in this order:
//   boot files of the class that changed on disk since the CVM was created, with both digests;
//   that `observed` is the measurement captured at the creation, with the files it was captured
//   from: the host launched what it offered, and somebody wants something else; or which launch
//   near the offered one gives it: another number of vCPUs, CPU model, command line, ...
// Empty for a CVM without a TEE.
// Reads the boot files, up to 1 GiB each, and searches for up to a second: not for a thread that
// others wait for. `host_cpu_signature` is CPUID(1).EAX, for the CPU model "host".
std::string ExplainRefusedLaunch(const Snapshot& cvm, const ComputationClass& computation_class,
                                 const attestation::launch::Digest384& observed,
                                 std::uint32_t host_cpu_signature);

}  // namespace cocos::cvm
