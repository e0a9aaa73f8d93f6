// What a relying party demands of TPM quotes. Plain values; policy files are read elsewhere.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "crypto/digest.h"

namespace cocos::attestation::vtpm {

// PCR values by bank and index.
using PcrValues = std::map<crypto::DigestAlgorithm, std::map<unsigned, std::vector<std::byte>>>;

struct Policy {
  // Every value named here must be selected by a quote that verifies, and be equal.
  PcrValues expected_pcrs;
  // The replay of the event log must give the quoted values of these banks' PCRs that the log
  // extends.
  bool require_event_log = false;
  // A key not bound to hardware evidence proves only that some software signed.
  bool require_bound_key = true;
  // Digests a quote may be signed with. SHA-1 is never accepted.
  std::set<crypto::DigestAlgorithm> accepted_digests = {crypto::DigestAlgorithm::kSha256,
                                                        crypto::DigestAlgorithm::kSha384,
                                                        crypto::DigestAlgorithm::kSha512};
};

}  // namespace cocos::attestation::vtpm
