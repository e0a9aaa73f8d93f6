// The integers in which other policy formats hold rules about an SEV-SNP report.
// AMD 56860 (SEV-SNP firmware ABI), POLICY, PLATFORM_INFO and TCB_VERSION.
#pragma once

#include <cstdint>

#include "attestation/snp/policy.h"
#include "base/result.h"

namespace cocos::attestation::policy {

// POLICY as the most permissive guest policy that is accepted; the ABI version is a minimum, and
// the bits that restrict the host must be set in the report where they are set here.
std::uint64_t GuestPolicyBits(const snp::GuestPolicyRules& rules);
// Errors: kMalformed for a reserved bit, or bit 17 that is not one.
Result<snp::GuestPolicyRules> GuestPolicyOf(std::uint64_t bits);

// PLATFORM_INFO in the same way: bits 0, 1 and 7 may be set, bits 2 to 5 must be set.
std::uint64_t PlatformBits(const snp::PlatformRules& rules);
// Errors: kMalformed for a bit without a rule.
Result<snp::PlatformRules> PlatformOf(std::uint64_t bits);

// TCB_VERSION as one integer, byte 0 lowest.
std::uint64_t TcbBits(snp::Product product, const snp::TcbVersion& tcb);
// Errors: kMalformed for a reserved byte that is not zero.
Result<snp::TcbVersion> TcbOf(snp::Product product, std::uint64_t bits);

}  // namespace cocos::attestation::policy
