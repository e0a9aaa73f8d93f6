// Attestation policies in the forms that relying parties read.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "crypto/key.h"
#include "cvm/cvm.h"

namespace cocos::cvm {

enum class PolicyFormat { kJson, kCorim };

struct PolicyFormOptions {
  PolicyFormat format = PolicyFormat::kJson;
  std::optional<crypto::SigningKey> corim_key;  // P-256; none: unsigned
  std::string signer_name;                      // in a signed CoRIM, 1 to 256 characters of ASCII
};

// The policy of this CVM as bytes: upstream's JSON, or CoRIM (CBOR, or COSE_Sign1 with a key). JSON
// is the same for the same CVM; CoRIM has ids of its own each time.
// Errors: those of ReferencePolicy; kFailedPrecondition for PCR values alone as CoRIM, which is
// about launch measurements; kInvalidArgument for a key or name that cannot sign.
Result<std::string> WriteAttestationPolicy(const Snapshot& cvm, const PolicyFormOptions& options);

}  // namespace cocos::cvm
