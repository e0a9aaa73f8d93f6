// The demands of a policy that are no digests of a launch, as numbered items of bytes. Numbers and
// encodings are fixed: documents outlive releases.
//
// Integers are big-endian in the size of their field. Flags are one 32-bit integer, bit 0 first. A
// TCB is five bytes: FMC, boot loader, TEE, SNP, microcode. A list of digests is their bytes one
// after the other; a list of texts has each text behind its 16-bit length. A guest policy and
// platform info are the 64-bit fields of a report that just meets the rules.
//
//   SNP   1 guest policy, 2 platform info, 3 VMPL, 4 report data, 5 host data, 6 family id,
//         7 image id, 8 report id, 9 report id of the migration agent, 10 chip id, 11 product,
//         12 least TCB, 13 least launch TCB, 14 to 16 least firmware major, minor and build,
//         17 flags (provisional firmware permitted, author key required, ID block required, masked
//         chip id allowed, CRL required), 18 author key digests, 19 ID key digests,
//         20 and 21 least launch and current mitigations
//   TDX   33 QE vendor id, 34 least QE SVN, 35 least PCE SVN, 36 least TEE TCB SVN, 37 TD
//         attributes, 38 their mask, 39 XFAM, 40 MRCONFIGID, 41 MROWNER, 42 MROWNERCONFIG,
//         43 report data, 44 flags (debug, migration, service TD allowed; collateral required),
//         45 accepted TCB statuses, 46 accepted advisories, 47 least TCB evaluation data number
//   TPM   65 flags (event log, bound key required), 66 accepted digests,
//         TPM_ALG_ID << 8 | index: the value of a PCR
//   all   97 flags (debug profile), 98 name
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "attestation/policy/policy.h"
#include "base/result.h"

namespace cocos::attestation::policy {

using Items = std::map<std::uint64_t, std::vector<std::byte>>;

// The items of all parts of the policy.
Items ItemsOf(const Policy& policy);

// Sets what the items say; what they do not mention stays. The parts `snp` and `tdx` must be there
// for theirs, `tpm` is made by its first item. Errors: kMalformed for an item that is unknown, of a
// part that is not there, or of another size.
Result<void> ApplyItems(const Items& items, Policy& policy);

}  // namespace cocos::attestation::policy
