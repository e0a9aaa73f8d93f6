#include "attestation/vtpm/quote.h"

#include <gtest/gtest.h>

#include "support/result_matchers.h"
#include "unit/attestation/vtpm/good_quote.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using testing::Bitmap;
using testing::Bytes;
using testing::DigestOfPcrs;
using testing::EccTpm;
using testing::Filled;
using testing::GoodQuote;
using testing::Pcrs;
using testing::PcrValue;
using testing::RawAttest;
using testing::RawRsa;
using testing::RefusedAs;
using testing::RsaSignature;
using testing::RsaTpm;

constexpr auto kSha256 = DigestAlgorithm::kSha256;
constexpr auto kSha384 = DigestAlgorithm::kSha384;

TEST(TpmQuoteVerify, AcceptsAQuoteAndShowsWhatItSays) {
  const GoodQuote good;

  const auto quote = good.Verify();

  ASSERT_THAT(quote, Succeeds());
  EXPECT_EQ(quote->pcrs(), Pcrs(kSha256, {0, 7}));
  EXPECT_EQ(quote->signature_digest(), kSha256);
  EXPECT_EQ(quote->attest().clock.reset_count, 3U);
  EXPECT_EQ(quote->key().name(), good.tpm.Key().name());
}

TEST(TpmQuoteVerify, DropsValuesThatTheQuoteDoesNotCover) {
  GoodQuote good;
  good.expectation.pcrs[kSha256][4] = PcrValue(kSha256, 4);
  good.expectation.pcrs[kSha384][0] = PcrValue(kSha384, 0);

  const auto quote = good.Verify();

  ASSERT_THAT(quote, Succeeds());
  EXPECT_EQ(quote->pcrs(), Pcrs(kSha256, {0, 7}));
}

TEST(TpmQuoteVerify, RefusesAnotherKey) {
  const GoodQuote good;
  const Bytes bytes = good.attest.Write();

  EXPECT_THAT(VerifyQuote(EccTpm().Key(), bytes, ParseSignature(good.tpm.Sign(bytes)).value(),
                          good.expectation),
              RefusedAs("bad-signature"));
}

TEST(TpmQuoteVerify, RefusesASignatureOverOtherBytes) {
  const GoodQuote good;
  RawAttest other = good.attest;
  other.safe = 0;

  EXPECT_THAT(
      VerifyQuote(good.tpm.Key(), other.Write(),
                  ParseSignature(good.tpm.Sign(good.attest.Write())).value(), good.expectation),
      RefusedAs("bad-signature"));
}

TEST(TpmQuoteVerify, RefusesWhatIsNoQuoteThoughItIsSigned) {
  GoodQuote good;
  good.attest.type = 0x8017;
  const Bytes bytes = good.attest.Write();
  EXPECT_THAT(VerifyQuote(good.tpm.Key(), bytes, ParseSignature(good.tpm.Sign(bytes)).value(),
                          good.expectation),
              RefusedAs("wrong-type"));
  good.attest.type = 0x8018;
  good.attest.magic = 0x00544347;
  EXPECT_THAT(good.Verify(), RefusedAs("bad-magic"));
}

TEST(TpmQuoteVerify, RefusesAnotherNonce) {
  GoodQuote good;
  good.expectation.nonce.nonce.back() ^= std::byte{1};
  EXPECT_THAT(good.Verify(), RefusedAs("nonce-mismatch"));
}

TEST(TpmQuoteVerify, RefusesAPartOfTheNonce) {
  GoodQuote good;
  good.expectation.nonce.nonce.pop_back();
  EXPECT_THAT(good.Verify(), RefusedAs("nonce-mismatch"));
  good.expectation.nonce.nonce = Filled(33, 0x11);
  EXPECT_THAT(good.Verify(), RefusedAs("nonce-mismatch"));
}

TEST(TpmQuoteVerify, RefusesAnEmptyNonceOnBothSides) {
  GoodQuote good;
  good.attest.extra_data.clear();
  good.expectation.nonce.nonce.clear();
  EXPECT_THAT(good.Verify(), RefusedAs("nonce-mismatch"));
}

TEST(TpmQuoteVerify, AcceptsAPaddedNonceOnlyWhereItIsExpected) {
  GoodQuote good;
  good.expectation.nonce.nonce = Filled(8, 0x11);
  good.attest.extra_data = Filled(8, 0x11);
  good.attest.extra_data.resize(32);

  EXPECT_THAT(good.Verify(), RefusedAs("nonce-mismatch"));
  good.expectation.nonce.zero_padded_to = 32;
  EXPECT_THAT(good.Verify(), Succeeds());
  good.expectation.nonce.zero_padded_to = 31;
  EXPECT_THAT(good.Verify(), RefusedAs("nonce-mismatch"));
  good.attest.extra_data[31] = std::byte{1};
  good.expectation.nonce.zero_padded_to = 32;
  EXPECT_THAT(good.Verify(), RefusedAs("nonce-mismatch"));
}

TEST(TpmQuoteVerify, PaddingNeverShortensANonce) {
  GoodQuote good;
  good.expectation.nonce.zero_padded_to = 16;
  EXPECT_THAT(good.Verify(), Succeeds());
}

TEST(TpmQuoteVerify, RefusesOtherPcrValues) {
  GoodQuote good;
  good.expectation.pcrs[kSha256][7].back() ^= std::byte{1};
  EXPECT_THAT(good.Verify(), RefusedAs("pcr-digest-mismatch"));
}

TEST(TpmQuoteVerify, RefusesASelectedPcrWithoutValue) {
  GoodQuote good;
  good.expectation.pcrs[kSha256].erase(7);
  EXPECT_THAT(good.Verify(), RefusedAs("missing-pcr"));
  good.expectation.pcrs.clear();
  EXPECT_THAT(good.Verify(), RefusedAs("missing-pcr"));
}

TEST(TpmQuoteVerify, RefusesValuesOfAnotherLength) {
  // The same octets cut at another place must not pass as other values.
  GoodQuote good;
  auto& values = good.expectation.pcrs[kSha256];
  values[7].insert(values[7].begin(), values[0].back());
  values[0].pop_back();
  EXPECT_THAT(good.Verify(), RefusedAs("missing-pcr"));
}

TEST(TpmQuoteVerify, RefusesAQuoteOverNothing) {
  GoodQuote good;
  good.attest.selections = {};
  good.attest.pcr_digest = DigestOfPcrs(kSha256, {});
  EXPECT_THAT(good.Verify(), RefusedAs("missing-pcr"));
  good.attest.selections = {{0x000b, Bitmap({})}};
  EXPECT_THAT(good.Verify(), RefusedAs("missing-pcr"));
}

TEST(TpmQuoteVerify, HashesBanksInTheOrderOfTheSelection) {
  GoodQuote good;
  good.expectation.pcrs = Pcrs(kSha256, {0});
  good.expectation.pcrs[kSha384][1] = PcrValue(kSha384, 1);
  good.attest.selections = {{0x000c, Bitmap({1})}, {0x000b, Bitmap({0})}};

  good.attest.pcr_digest = DigestOfPcrs(kSha256, {PcrValue(kSha384, 1), PcrValue(kSha256, 0)});
  EXPECT_THAT(good.Verify(), Succeeds());
  good.attest.pcr_digest = DigestOfPcrs(kSha256, {PcrValue(kSha256, 0), PcrValue(kSha384, 1)});
  EXPECT_THAT(good.Verify(), RefusedAs("pcr-digest-mismatch"));
}

TEST(TpmQuoteVerify, HashesWithTheSigningDigestAndNotTheBanks) {
  GoodQuote good;
  good.expectation.pcrs = Pcrs(kSha384, {0});
  good.attest.selections = {{0x000c, Bitmap({0})}};

  good.attest.pcr_digest = DigestOfPcrs(kSha256, {PcrValue(kSha384, 0)});
  EXPECT_THAT(good.Verify(), Succeeds());
  good.attest.pcr_digest = DigestOfPcrs(kSha384, {PcrValue(kSha384, 0)});
  EXPECT_THAT(good.Verify(), RefusedAs("pcr-digest-mismatch"));
}

TEST(TpmQuoteVerify, AcceptsP384WithItsDigest) {
  GoodQuote good;
  const EccTpm tpm(crypto::Curve::kP384);
  good.attest.pcr_digest = DigestOfPcrs(kSha384, {PcrValue(kSha256, 0), PcrValue(kSha256, 7)});
  const Bytes bytes = good.attest.Write();

  const auto quote = VerifyQuote(tpm.Key(), bytes, ParseSignature(tpm.Sign(bytes, kSha384)).value(),
                                 good.expectation);

  ASSERT_THAT(quote, Succeeds());
  EXPECT_EQ(quote->signature_digest(), kSha384);
}

TEST(TpmQuoteVerify, RefusesAnotherDigestThanTheKeys) {
  const GoodQuote good;
  const Bytes bytes = good.attest.Write();
  EXPECT_THAT(VerifyQuote(good.tpm.Key(), bytes,
                          ParseSignature(good.tpm.Sign(bytes, kSha384)).value(), good.expectation),
              RefusedAs("bad-signature"));
}

TEST(TpmQuoteVerify, RefusesSha1WhateverThePolicySays) {
  GoodQuote good;
  good.expectation.accepted_digests.insert(DigestAlgorithm::kSha1);
  const Bytes bytes = good.attest.Write();
  const auto vouched = AttestationKey::FromVouchedKey(good.tpm.PublicKey()).value();
  EXPECT_THAT(VerifyQuote(vouched, bytes,
                          ParseSignature(good.tpm.Sign(bytes, DigestAlgorithm::kSha1)).value(),
                          good.expectation),
              RefusedAs("weak-digest"));
}

TEST(TpmQuoteVerify, RefusesADigestThatIsNotAccepted) {
  GoodQuote good;
  good.expectation.accepted_digests = {kSha384};
  EXPECT_THAT(good.Verify(), RefusedAs("weak-digest"));
}

class RsaQuote : public ::testing::Test {
 protected:
  // Making a key takes a while; no test changes it.
  static const RsaTpm& Tpm() {
    static const RsaTpm tpm;
    return tpm;
  }
  static AttestationKey Key(std::uint16_t scheme) {
    RawRsa raw = Tpm().Raw();
    raw.scheme = scheme;
    return AttestationKey::FromPublicArea(ParsePublicArea(raw.Write()).value()).value();
  }

  GoodQuote good_;
  Bytes attest_ = good_.attest.Write();
};

TEST_F(RsaQuote, AcceptsRsassa) {
  const auto signature =
      ParseSignature(RsaSignature(0x0014, 0x000b, Tpm().SignBare(attest_))).value();
  EXPECT_THAT(VerifyQuote(Key(0x0014), attest_, signature, good_.expectation), Succeeds());
}

TEST_F(RsaQuote, AcceptsRsapssWithAnySaltLength) {
  for (const int salt : {RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_MAX, 0}) {
    const Bytes octets = Tpm().SignBare(attest_, RSA_PKCS1_PSS_PADDING, salt);
    const auto signature = ParseSignature(RsaSignature(0x0016, 0x000b, octets)).value();
    EXPECT_THAT(VerifyQuote(Key(0x0016), attest_, signature, good_.expectation), Succeeds())
        << salt;
  }
}

TEST_F(RsaQuote, RefusesOnePaddingForTheOther) {
  const Bytes pkcs1 = Tpm().SignBare(attest_);
  const Bytes pss = Tpm().SignBare(attest_, RSA_PKCS1_PSS_PADDING);
  // Under the label of the key's scheme, and under that of the padding used.
  for (const auto& [scheme, octets] : {std::pair{0x0016, pkcs1}, {0x0014, pss}}) {
    const auto id = static_cast<std::uint16_t>(scheme);
    const auto signature = ParseSignature(RsaSignature(id, 0x000b, octets)).value();
    EXPECT_THAT(VerifyQuote(Key(id), attest_, signature, good_.expectation),
                RefusedAs("bad-signature"));
  }
  const auto honest = ParseSignature(RsaSignature(0x0014, 0x000b, pkcs1)).value();
  EXPECT_THAT(VerifyQuote(Key(0x0016), attest_, honest, good_.expectation),
              RefusedAs("bad-signature"));
}

TEST_F(RsaQuote, AcceptsBareOctetsWhereTheCallerSaysSo) {
  const Bytes octets = Tpm().SignBare(attest_);
  EXPECT_THAT(
      VerifyQuote(Key(0x0014), attest_, BareRsassaSignature(kSha256, octets), good_.expectation),
      Succeeds());
  EXPECT_THAT(
      VerifyQuote(Key(0x0014), attest_, BareRsassaSignature(kSha384, octets), good_.expectation),
      RefusedAs("bad-signature"));
}

TEST_F(RsaQuote, RefusesAnEcdsaSignatureForAnRsaKey) {
  const auto signature = ParseSignature(good_.tpm.Sign(attest_)).value();
  EXPECT_THAT(VerifyQuote(Key(0x0014), attest_, signature, good_.expectation),
              RefusedAs("bad-signature"));
  // With a vouched key no scheme stands in the way: the key itself refuses.
  const auto vouched = AttestationKey::FromVouchedKey(Key(0x0014).key()).value();
  EXPECT_THAT(VerifyQuote(vouched, attest_, signature, good_.expectation),
              RefusedAs("bad-signature"));
}

}  // namespace
}  // namespace cocos::attestation::vtpm
