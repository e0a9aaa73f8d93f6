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
// Errors: kMalformed; also for fields of a report version that does not have them, a family, model
// and stepping not in the form of CPUID, and what CheckSnpReportShape refuses.
Result<SnpEvidence> DecodeSevSnpAttestation(std::span<const std::byte> bytes);

}  // namespace cocos::attestation
