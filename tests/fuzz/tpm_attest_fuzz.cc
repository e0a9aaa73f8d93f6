// TPMS_ATTEST: any bytes give a quote within its bounds or an error, and never a line on stderr.
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>

#include "attestation/vtpm/tpm_types.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cocos::attestation::vtpm;
  const auto attest = ParseAttest(std::as_bytes(std::span(data, size)));
  if (!attest) {
    COCOS_CHECK(!attest.error().reason().empty());
    return 0;
  }
  COCOS_CHECK(attest->extra_data.size() <= 66);
  COCOS_CHECK(attest->pcr_digest.size() <= 64);
  std::set<cocos::crypto::DigestAlgorithm> banks;
  for (const PcrSelection& selection : attest->selections) {
    COCOS_CHECK(banks.insert(selection.bank).second);
    for (const unsigned pcr : selection.pcrs) COCOS_CHECK(pcr < kPcrCount);
  }
  return 0;
}
