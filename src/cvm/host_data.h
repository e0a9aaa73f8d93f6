// Binding to a launch what is not measured: the digest of what a guest is given goes into HOST_DATA
// (SEV-SNP) or MRCONFIGID (TDX), which reports carry (docs/host-data.md).
#pragma once

#include <string>

#include "cvm/class.h"
#include "cvm/cvm.h"

namespace cocos::cvm {

// The bytes that are bound: the canonical JSON of the computation where it is known at the launch,
// else the contents of the two shares. Holds secrets in the second case. The request must have
// passed CheckRequest.
std::string HostDataInput(const CvmId& id, const CreateRequest& request);

// The class with the digest in its launch security: SHA3-256 for SEV-SNP, SHA-384 for TDX. As it is
// where the class does not ask for it, has no TEE, or an operator fixed the value; `bind_host_data`
// says afterwards whether the digest was put in.
ComputationClass BindHostData(const ComputationClass& computation_class, const CvmId& id,
                              const CreateRequest& request);

}  // namespace cocos::cvm
