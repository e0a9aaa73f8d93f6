// Policies as CoRIM documents (draft-ietf-rats-corim), in the shape that upstream's reader takes:
// one CoMID with one reference-value triple, unsigned or in a COSE_Sign1.
//
//   unsigned-corim = {0: "<snp|tdx>-corim-<uuid>", 1: [bstr: 506(comid)]}
//   comid = {1: {0: "<snp|tdx>-tag-<uuid>"}, 4: {0: [[environment, [measurement, ...]]]}}
//   environment = {0: {0: 37(class uuid)}, ? 1: 37(instance uuid)}
//   measurement = {0: 37(uuid), 1: {? 1: 552(least guest SVN), 2: [[7, 48 bytes]]}}
//               / {0: item, 1: {4: 560(bytes)}}
//
// The digests come first: of SNP the launch measurements, of TDX MRTD, MRSEAM and RTMR0 to 3. All
// other demands follow as items (corim_items.h), which upstream's readers pass over, so nothing of
// the policy is lost.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/policy/policy.h"
#include "attestation/policy/uuid.h"
#include "base/result.h"
#include "crypto/key.h"

namespace cocos::attestation::policy {

// Names of one document, each usable (uuid.h). The caller draws them, so that the same policy and
// names give the same bytes.
struct CorimIds {
  Uuid corim{};
  Uuid tag{};
  Uuid class_id{};
  std::optional<Uuid> instance;
};

// The instance id that upstream gives a product, such as "EPYC".
Uuid ProductInstanceId(std::string_view product);

// Deterministic CBOR (RFC 8949 section 4.2.1). Errors: kInvalidArgument for a policy with both or
// none of SNP and TDX, one without a launch measurement or MRTD (a reference value is what CoRIM is
// about), more than 256 measurements and items, more than 256 KiB, or ids that are not usable.
Result<std::vector<std::byte>> WriteCorim(const Policy& policy, const CorimIds& ids);

// A COSE_Sign1 (RFC 9052) around bytes of WriteCorim: ES256, content type "application/rim+cbor",
// corim-meta with the signer's name (header 8). Upstream's reader takes the signed form only with a
// name. Errors: kInvalidArgument for a key on another curve than P-256, a name that is empty or not
// printable ASCII of up to 256 characters, or more than 256 KiB in all.
Result<std::vector<std::byte>> SignCorim(std::span<const std::byte> corim,
                                         const crypto::SigningKey& key,
                                         std::string_view signer_name);

enum class CorimSignature {
  kUnsigned,
  kNotChecked,  // there is one, but no key was given: anybody may have written the document
  kVerified,
};

// "unsigned", "signature not checked", "signature verified".
std::string_view CorimSignatureText(CorimSignature signature);

struct ReadCorimPolicy {
  Policy policy;
  CorimSignature signature = CorimSignature::kUnsigned;
  std::string id;      // of the document
  std::string signer;  // whom the document names; empty if unsigned
};

// Either form, of at most 256 KiB. With a key only the signed form is taken and its signature must
// be the key's. Unknown keys, items and algorithms are refused, also documents of several tags. The
// digests of a TDX document by other writers must be six, in the order above.
// Errors: kMalformed; kUntrusted for a missing or wrong signature; kInvalidArgument from
// CheckPolicy.
Result<ReadCorimPolicy> ReadCorim(std::span<const std::byte> bytes,
                                  const crypto::VerifyingKey* key);

}  // namespace cocos::attestation::policy
