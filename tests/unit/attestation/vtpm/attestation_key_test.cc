#include "attestation/vtpm/quote.h"

#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "unit/attestation/vtpm/good_quote.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using testing::EccTpm;
using testing::RawEcc;
using testing::RawRsa;
using testing::RefusedAs;
using testing::RsaTpm;

TEST(TpmAttestationKey, NeedsEveryAttributeOfAnAttestationKey) {
  const RawEcc good = EccTpm().Raw();
  ASSERT_THAT(AttestationKey::FromPublicArea(ParsePublicArea(good.Write()).value()), Succeeds());

  for (const unsigned bit : {1U, 4U, 5U, 16U, 17U, 18U}) {
    RawEcc raw = good;
    raw.attributes ^= std::uint32_t{1} << bit;  // sets decrypt, clears the others
    EXPECT_THAT(AttestationKey::FromPublicArea(ParsePublicArea(raw.Write()).value()),
                RefusedAs("ak-not-restricted"))
        << bit;
  }
}

TEST(TpmAttestationKey, LeavesTheOtherAttributesToTheOwner) {
  for (const unsigned bit : {2U, 6U, 7U, 10U, 11U, 19U}) {
    RawEcc raw = EccTpm().Raw();
    raw.attributes ^= std::uint32_t{1} << bit;
    EXPECT_THAT(AttestationKey::FromPublicArea(ParsePublicArea(raw.Write()).value()), Succeeds())
        << bit;
  }
}

TEST(TpmAttestationKey, NeedsAScheme) {
  RawEcc raw = EccTpm().Raw();
  raw.scheme = 0x0010;
  EXPECT_THAT(AttestationKey::FromPublicArea(ParsePublicArea(raw.Write()).value()),
              RefusedAs("ak-not-restricted"));
}

TEST(TpmAttestationKey, RefusesSha1InSchemeOrName) {
  RawEcc raw = EccTpm().Raw();
  raw.scheme_digest = 0x0004;
  EXPECT_THAT(AttestationKey::FromPublicArea(ParsePublicArea(raw.Write()).value()),
              RefusedAs("weak-digest"));
  raw.scheme_digest = 0x000b;
  raw.name_digest = 0x0004;
  EXPECT_THAT(AttestationKey::FromPublicArea(ParsePublicArea(raw.Write()).value()),
              RefusedAs("weak-digest"));
}

TEST(TpmAttestationKey, RefusesAShortRsaKey) {
  RawRsa raw = RsaTpm(1024).Raw();
  EXPECT_THAT(AttestationKey::FromPublicArea(ParsePublicArea(raw.Write()).value()),
              RefusedAs("weak-key"));
}

TEST(TpmAttestationKey, RefusesAPointOffTheCurve) {
  RawEcc raw = EccTpm().Raw();
  raw.y.back() ^= std::byte{1};
  EXPECT_THAT(AttestationKey::FromPublicArea(ParsePublicArea(raw.Write()).value()),
              RefusedAs("weak-key"));
}

TEST(TpmAttestationKey, HasNoNameWhenItIsVouchedFor) {
  const EccTpm tpm;
  const auto key = AttestationKey::FromVouchedKey(tpm.PublicKey());
  ASSERT_THAT(key, Succeeds());
  EXPECT_TRUE(key->name().empty());
  EXPECT_EQ(key->key().SpkiDer(), tpm.PublicKey().SpkiDer());
}

}  // namespace
}  // namespace cocos::attestation::vtpm
