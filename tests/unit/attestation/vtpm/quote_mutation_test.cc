#include "attestation/vtpm/quote.h"

#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "unit/attestation/vtpm/good_quote.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using testing::Bytes;
using testing::GoodQuote;
using testing::RefusedAs;
using testing::RsaSignature;
using testing::RsaTpm;

constexpr auto kSha256 = DigestAlgorithm::kSha256;

// Flips every byte of one part of a good quote and counts what still verifies against the original
// expectation: nothing may.
class QuoteMutation : public ::testing::Test {
 protected:
  Result<void> Verify(const Bytes& area, const Bytes& attest, const Bytes& signature) const {
    const auto parsed_area = COCOS_TRY(ParsePublicArea(area));
    // A changed key has a changed name: the binding to the hardware names the original.
    if (parsed_area.name != name_) return Fail(ErrorCode::kUntrusted, "another key");
    const auto key = COCOS_TRY(AttestationKey::FromPublicArea(parsed_area));
    const auto parsed_signature = COCOS_TRY(ParseSignature(signature));
    COCOS_TRY(VerifyQuote(key, attest, parsed_signature, good_.expectation));
    return {};
  }

  template <typename Try>
  void ExpectNoFlipPasses(const Bytes& original, const Try& attempt) {
    ASSERT_THAT(attempt(original), Succeeds());
    for (std::size_t i = 0; i < original.size(); ++i) {
      for (const int flip : {0x01, 0x80, 0xff}) {
        Bytes changed = original;
        changed[i] ^= static_cast<std::byte>(flip);
        EXPECT_FALSE(attempt(changed)) << "byte " << i << " flip " << flip;
      }
    }
  }

  GoodQuote good_;
  Bytes area_ = good_.tpm.Raw().Write();
  Bytes attest_ = good_.attest.Write();
  Bytes signature_ = good_.tpm.Sign(attest_);
  Bytes name_ = ParsePublicArea(area_).value().name;
};

TEST_F(QuoteMutation, NoChangedAttestVerifies) {
  ExpectNoFlipPasses(attest_, [this](const Bytes& b) { return Verify(area_, b, signature_); });
}

TEST_F(QuoteMutation, NoChangedSignatureVerifies) {
  ExpectNoFlipPasses(signature_, [this](const Bytes& b) { return Verify(area_, attest_, b); });
}

TEST_F(QuoteMutation, NoChangedPublicAreaVerifies) {
  ExpectNoFlipPasses(area_, [this](const Bytes& b) { return Verify(b, attest_, signature_); });
}

TEST_F(QuoteMutation, NoChangedPcrValueVerifies) {
  for (const unsigned index : {0U, 7U}) {
    for (std::size_t i = 0; i < 32; ++i) {
      GoodQuote changed = good_;
      changed.expectation.pcrs[kSha256][index][i] ^= std::byte{1};
      EXPECT_THAT(changed.Verify(), RefusedAs("pcr-digest-mismatch"));
    }
  }
}

TEST_F(QuoteMutation, NoChangedRsaSignatureVerifies) {
  const RsaTpm tpm;
  const auto key =
      AttestationKey::FromPublicArea(ParsePublicArea(tpm.Raw().Write()).value()).value();
  ExpectNoFlipPasses(RsaSignature(0x0014, 0x000b, tpm.SignBare(attest_)),
                     [&](const Bytes& bytes) -> Result<void> {
                       const auto signature = COCOS_TRY(ParseSignature(bytes));
                       COCOS_TRY(VerifyQuote(key, attest_, signature, good_.expectation));
                       return {};
                     });
}

}  // namespace
}  // namespace cocos::attestation::vtpm
