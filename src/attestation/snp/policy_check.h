// Whether a report says what a relying party wants to hear.
#pragma once

#include <vector>

#include "attestation/claims/claim.h"
#include "attestation/snp/policy.h"
#include "attestation/snp/verify.h"

namespace cocos::attestation::snp {

// Judges every field that the policy has a word about and tells the others; never stops at the
// first failure. The names of the claims begin with "snp.". The first claims repeat what Verify has
// established: "snp.signature", "snp.root", "snp.crl" and "snp.chip-binding".
//
// Some things are refused whatever the policy says: a committed TCB or firmware version beyond the
// current one, a certificate's TCB beyond the current one, a report that the host asked for instead
// of the guest (unless the policy names that VMPL). TCBs are compared component by component.
// Lists of trusted keys count only together with require_author_key or require_id_block; with one
// of these and no key on the list nothing is accepted.
std::vector<Claim> CheckPolicy(const VerifiedReport& verified, const Policy& policy);

}  // namespace cocos::attestation::snp
