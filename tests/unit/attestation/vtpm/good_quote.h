// A quote that verifies, to be spoilt.
#pragma once

#include <gmock/gmock.h>

#include "unit/attestation/vtpm/quote_builder.h"

namespace cocos::attestation::vtpm::testing {

MATCHER_P(RefusedAs, reason, "refused with a reason") {
  if (arg) return false;
  *result_listener << arg.error().reason() << ": " << arg.error().message();
  return arg.error().reason() == reason;
}

// A quote over PCR 0 and 7 of the SHA-256 bank, and what a verifier expects of it.
struct GoodQuote {
  EccTpm tpm;
  RawAttest attest;
  QuoteExpectation expectation{.nonce = {Filled(32, 0x11)},
                               .pcrs = Pcrs(crypto::DigestAlgorithm::kSha256, {0, 7})};

  GoodQuote() {
    const auto bank = crypto::DigestAlgorithm::kSha256;
    attest.pcr_digest = DigestOfPcrs(bank, {PcrValue(bank, 0), PcrValue(bank, 7)});
  }

  Result<VerifiedTpmQuote> Verify() const {
    const Bytes bytes = attest.Write();
    return VerifyQuote(tpm.Key(), bytes, ParseSignature(tpm.Sign(bytes)).value(), expectation);
  }
};

}  // namespace cocos::attestation::vtpm::testing
