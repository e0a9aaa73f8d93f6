// What evidence of a CVM must say, captured at its creation. Kept with the CVM as names and
// lower-case hex, in the domain's metadata too; numbers are big-endian.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cvm/class.h"

namespace cocos::cvm {

using ReferenceValues = std::map<std::string, std::string>;

namespace reference {

// AMD 56860 (SEV-SNP firmware ABI), fields of ATTESTATION_REPORT.
inline constexpr std::string_view kSnpLaunchDigest = "snp-launch-digest";
inline constexpr std::string_view kSnpGuestPolicy = "snp-guest-policy";
inline constexpr std::string_view kSnpHostData = "snp-host-data";
// From the ID block and the ID authentication block.
inline constexpr std::string_view kSnpGuestSvn = "snp-guest-svn";
inline constexpr std::string_view kSnpFamilyId = "snp-family-id";
inline constexpr std::string_view kSnpImageId = "snp-image-id";
inline constexpr std::string_view kSnpIdKeyDigest = "snp-id-key-digest";
inline constexpr std::string_view kSnpAuthorKeyDigest = "snp-author-key-digest";
// "01" where the launch measurement covers kernel, initrd and command line; else absent.
inline constexpr std::string_view kSnpKernelHashes = "snp-kernel-hashes";
// "01" where the host data is the digest of what the CVM was given (host_data.h); else absent.
inline constexpr std::string_view kHostDataIsDigest = "host-data-is-digest";
// Of the host at the time. TCBs are the eight bytes of TCB_VERSION as the firmware has them.
inline constexpr std::string_view kSnpCpuSignature = "snp-cpu-signature";  // CPUID(1).EAX
inline constexpr std::string_view kSnpCurrentTcb = "snp-current-tcb";
inline constexpr std::string_view kSnpReportedTcb = "snp-reported-tcb";
inline constexpr std::string_view kSnpChipId = "snp-chip-id";

// Intel TDX module, fields of TDREPORT.
inline constexpr std::string_view kTdxMrtd = "tdx-mrtd";
inline constexpr std::string_view kTdxAttributes = "tdx-attributes";  // as a number
inline constexpr std::string_view kTdxMrConfigId = "tdx-mr-config-id";
inline constexpr std::string_view kTdxMrOwner = "tdx-mr-owner";
inline constexpr std::string_view kTdxMrOwnerConfig = "tdx-mr-owner-config";

// "pcr-<bank>-<index>", for each value of MANAGER_PCR_VALUES.
inline constexpr std::string_view kPcrPrefix = "pcr-";

}  // namespace reference

// Those that the class fixes: guest policy, host data, ID block, owner digests. The class is that
// of BindHostData. Errors: kFailedPrecondition for an ID block that does not parse or whose
// signatures do not verify, which the firmware would refuse too.
Result<ReferenceValues> LaunchSettingValues(const ComputationClass& computation_class);

}  // namespace cocos::cvm
