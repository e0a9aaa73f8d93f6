// SNP evidence as protobuf message sevsnp.Attestation: the report taken apart into its fields.
#pragma once

#include <cstddef>
#include <span>

#include "attestation/evidence/evidence.h"
#include "base/result.h"

namespace cocos::attestation {

// Rebuilds the 1,184 signed bytes from `report` (field 1) and takes the certificates from
// `certificate_chain` (field 2). The ASK and the ARK may be swapped (agents of v0.8.0 and later do
// so): tell them by subject, or ignore them. `product` (field 3) is what the guest's CPUID said; it
// is checked for its shape and dropped.
// Errors: kMalformed; also for a family, model and stepping not in the form of CPUID or in a report
// of version 2, and what snp::ParseReport and snp::AddTableEntry refuse.
Result<SnpEvidence> DecodeSevSnpAttestation(std::span<const std::byte> bytes);

}  // namespace cocos::attestation
