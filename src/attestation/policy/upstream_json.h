// Policies in the JSON forms of the upstream manager and its tools: the SEV-SNP form is the message
// check.Config of go-sev-guest with a sibling "pcr_values", the TDX form is checkconfig.Config of
// go-tdx-guest. Both are protobuf's JSON (field names in camelCase or as in the .proto file), which
// some releases wrote with Go's plain JSON encoder instead; all of that is read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attestation/policy/policy.h"
#include "base/result.h"

namespace cocos::attestation::policy {

struct ReadJsonPolicy {
  Policy policy;
  // Fields without an effect here, by path: those upstream's reader does not know either, and those
  // that steer its downloads and roots. Trust anchors never come from a policy.
  std::vector<std::string> ignored;
};

// The SEV-SNP form: integers up to 64 bits as numbers or texts, wrappers also as {"value": 2},
// enums by name or number. Without "policy" it is the PCR values alone. The guest policy is needed,
// as upstream needs it. A lone "minimumTcb" has the layout of Milan and Genoa; that of Turin is
// "minimumTcbTurin". The form knows no profile, so the caller says which one it is to be.
// Errors: kMalformed, up to eight mistakes, one a line: "<path>: ..."; kInvalidArgument from
// CheckPolicy.
Result<ReadJsonPolicy> ReadSnpJson(std::string_view text, Profile profile);

// The TDX form. Unknown fields are errors, as upstream's reader is strict here. Errors: as above.
Result<ReadJsonPolicy> ReadTdxJson(std::string_view text, Profile profile);

// Whichever of the two it is: a "policy" with "headerPolicy" or "tdQuoteBodyPolicy" is TDX.
Result<ReadJsonPolicy> ReadUpstreamJson(std::string_view text, Profile profile);

struct WrittenPolicy {
  std::string text;
  // Demands of the policy that whoever reads the text does not check, or checks otherwise:
  // "<key of the YAML form>: <why>". Empty: the text demands all that the policy does.
  std::vector<std::string> dropped;
};

// The form that every release reads: camelCase, 64-bit integers as texts, "vmpl" as a number, enums
// by name, sorted keys, two-space indent, a line end at the end. PCR values of the banks sha1,
// sha256 and sha384. Errors: kInvalidArgument without an SEV-SNP or TPM part, and of CheckPolicy.
Result<WrittenPolicy> WriteSnpJson(const Policy& policy);

// Fields that only later releases know are left out, because older ones refuse the whole file.
// Errors: kInvalidArgument without a TDX part, and of CheckPolicy.
Result<WrittenPolicy> WriteTdxJson(const Policy& policy);

}  // namespace cocos::attestation::policy
