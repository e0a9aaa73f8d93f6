// The attestation policy that follows from what was captured at a CVM's creation.
#pragma once

#include "attestation/policy/policy.h"
#include "base/result.h"
#include "cvm/cvm.h"

namespace cocos::cvm {

// Only captured values go in: a file or firmware that changed since does not change the policy. A
// guest policy with DEBUG, or debug attributes, makes it one of the debug profile.
//   SEV-SNP: launch digest, guest policy, host data, ID block values, VMPL (2 behind the SVSM of an
//   IGVM file, else 0), and as far as the host told them product, chip id, TCBs as minima.
//   TDX: MRTD, attributes (QEMU's default where the class sets none), owner and configuration
//   digests (zero where it sets none).
//   Both: PCR values, if any were configured.
//   No TEE, but a TPM: the PCR values alone, which an event log must explain; the TPM's key is not
//   asked to be bound, for nothing could bind it.
// Errors: kFailedPrecondition for a CVM without a launch measurement or, where it has no TEE,
// without PCR values; kInternal for values that are not what this release writes.
Result<attestation::policy::Policy> ReferencePolicy(const Snapshot& cvm);

// Whether PCR values were captured, without which a CVM that has no TEE has no such policy.
bool HasPcrValues(const Snapshot& cvm);

}  // namespace cocos::cvm
