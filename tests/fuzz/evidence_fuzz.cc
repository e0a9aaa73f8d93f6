// Any bytes as evidence of an agent: by their looks, and as each format.
#include <cstddef>
#include <cstdint>
#include <span>

#include "attestation/evidence/classify.h"
#include "attestation/evidence/decode.h"
#include "base/result.h"

using cocos::attestation::AgentEvidence;
using cocos::attestation::DecodeAnyEvidence;
using cocos::attestation::DecodeEvidence;
using cocos::attestation::EvidenceFormat;

namespace {

// Either there are parts or a reason why not.
void CheckParts(const AgentEvidence& evidence) {
  const bool parts = evidence.snp || evidence.tdx || evidence.tpm;
  COCOS_CHECK(parts != evidence.no_tee.has_value());
  COCOS_CHECK(!evidence.snp || evidence.snp->report.size() == 1184);
  COCOS_CHECK(!(evidence.snp && evidence.tdx));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto any = DecodeAnyEvidence(bytes);
  if (any) CheckParts(*any);
  for (const EvidenceFormat format :
       {EvidenceFormat::kSnpRaw, EvidenceFormat::kTdxRaw, EvidenceFormat::kSevSnpAttestation,
        EvidenceFormat::kAttest, EvidenceFormat::kEatCbor, EvidenceFormat::kEatJwt}) {
    const auto evidence = DecodeEvidence(bytes, format);
    if (evidence) CheckParts(*evidence);
    // What is told by its looks decodes as that format too.
    if (any && any->format == format) COCOS_CHECK(evidence.has_value());
  }
  return 0;
}
