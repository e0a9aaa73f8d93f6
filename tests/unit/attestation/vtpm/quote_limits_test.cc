// What a quote covers, in every order and combination, and who may have signed it.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/result_matchers.h"
#include "unit/attestation/vtpm/good_quote.h"

namespace cocos::attestation::vtpm {
namespace {

using cocos::testing::FailsWith;
using cocos::testing::Succeeds;
using crypto::DigestAlgorithm;
using testing::Bitmap;
using testing::Bytes;
using testing::DigestOfPcrs;
using testing::EccTpm;
using testing::Filled;
using testing::GoodQuote;
using ::testing::HasSubstr;
using testing::Numbers;
using testing::PcrValue;
using testing::RawAttest;
using testing::RawRsa;
using testing::RefusedAs;
using testing::RsaSignature;
using testing::RsaTpm;

constexpr auto kSha256 = DigestAlgorithm::kSha256;
constexpr auto kSha384 = DigestAlgorithm::kSha384;
constexpr auto kSha512 = DigestAlgorithm::kSha512;
constexpr auto kSha1 = DigestAlgorithm::kSha1;

// Values for three banks, all different.
PcrValues ManyValues() {
  PcrValues values;
  for (const DigestAlgorithm bank : {kSha1, kSha256, kSha384, kSha512}) {
    for (unsigned pcr = 0; pcr < kPcrCount; ++pcr) values[bank][pcr] = PcrValue(bank, pcr);
  }
  return values;
}

// Selects, and sets the digest that belongs to it.
void Select(GoodQuote& quote, const std::vector<PcrSelection>& selections) {
  std::vector<Bytes> values;
  quote.attest.selections.clear();
  for (const PcrSelection& selection : selections) {
    Bytes bitmap(3);
    for (const unsigned pcr : selection.pcrs) {
      bitmap[pcr / 8] |= static_cast<std::byte>(1U << (pcr % 8));
      values.push_back(PcrValue(selection.bank, pcr));
    }
    quote.attest.selections.push_back({AlgorithmId(selection.bank), bitmap});
  }
  quote.attest.pcr_digest = DigestOfPcrs(kSha256, values);
  quote.expectation.pcrs = ManyValues();
}

TEST(QuoteSelection, EveryOrderOfBanksHasItsOwnDigest) {
  std::vector<PcrSelection> selections = {{kSha1, {0}}, {kSha256, {0, 1}}, {kSha384, {23}}};
  std::ranges::sort(selections, {}, &PcrSelection::bank);
  std::set<Bytes> digests;
  do {
    GoodQuote quote;
    Select(quote, selections);
    EXPECT_THAT(quote.Verify(), Succeeds());
    digests.insert(quote.attest.pcr_digest);
  } while (std::ranges::next_permutation(selections, {}, &PcrSelection::bank).found);
  EXPECT_EQ(digests.size(), 6U);
}

TEST(QuoteSelection, DigestOfAnotherOrderIsRefused) {
  GoodQuote quote;
  Select(quote, {{kSha256, {3}}, {kSha384, {3}}});
  std::ranges::reverse(quote.attest.selections);
  EXPECT_THAT(quote.Verify(), RefusedAs("pcr-digest-mismatch"));
}

TEST(QuoteSelection, EveryPcrAloneIsCovered) {
  for (unsigned pcr = 0; pcr < kPcrCount; ++pcr) {
    GoodQuote quote;
    Select(quote, {{kSha256, {pcr}}});
    const auto verified = quote.Verify();
    ASSERT_THAT(verified, Succeeds()) << pcr;
    EXPECT_EQ(verified->pcrs().at(kSha256).size(), 1U);
    quote.expectation.pcrs[kSha256][pcr][0] ^= std::byte{1};
    EXPECT_THAT(quote.Verify(), RefusedAs("pcr-digest-mismatch")) << pcr;
  }
}

TEST(QuoteSelection, ASelectionMovedToAnotherPcrIsRefused) {
  GoodQuote quote;
  Select(quote, {{kSha256, {0, 7}}});
  for (unsigned pcr = 1; pcr < kPcrCount; ++pcr) {
    if (pcr == 7) continue;
    quote.attest.selections = {{0x000b, Bitmap({0, pcr})}};
    EXPECT_THAT(quote.Verify(), RefusedAs("pcr-digest-mismatch")) << pcr;
  }
}

TEST(QuoteSelection, ASelectionMovedToAnotherBankIsRefused) {
  GoodQuote quote;
  Select(quote, {{kSha256, {0, 7}}});
  // SHA3-256 has values of the same size; they are not given.
  quote.attest.selections = {{0x0027, Bitmap({0, 7})}};
  EXPECT_THAT(quote.Verify(), RefusedAs("missing-pcr"));
  quote.attest.selections = {{0x000c, Bitmap({0, 7})}};
  EXPECT_THAT(quote.Verify(), RefusedAs("pcr-digest-mismatch"));
}

TEST(QuoteSelection, AnEmptyBankBesideAnotherChangesNothing) {
  GoodQuote quote;
  Select(quote, {{kSha1, {}}, {kSha256, {0}}, {kSha384, {}}});
  const auto verified = quote.Verify();
  ASSERT_THAT(verified, Succeeds());
  EXPECT_FALSE(verified->pcrs().contains(kSha1));
  EXPECT_FALSE(verified->pcrs().contains(kSha384));
}

TEST(QuoteSelection, ErrorsNameThePcrThatHasNoValue) {
  GoodQuote quote;
  Select(quote, {{kSha384, {5}}, {kSha256, {0, 9}}});
  quote.expectation.pcrs[kSha256].erase(9);
  EXPECT_THAT(quote.Verify(),
              FailsWith(ErrorCode::kUntrusted, HasSubstr("no value for PCR 9 of bank sha256")));
}

TEST(QuoteSelection, ErrorsShowBothDigests) {
  GoodQuote quote;
  const std::string quoted = crypto::HexEncode(quote.attest.pcr_digest);
  quote.expectation.pcrs[kSha256][0][0] ^= std::byte{1};
  EXPECT_THAT(quote.Verify(), FailsWith(ErrorCode::kUntrusted, HasSubstr(quoted)));
}

TEST(QuoteSelection, DigestsOfOtherSizesAreRefused) {
  GoodQuote quote;
  for (const std::size_t size : {0U, 20U, 31U, 33U, 48U, 64U}) {
    Bytes digest = GoodQuote().attest.pcr_digest;
    digest.resize(size);
    quote.attest.pcr_digest = digest;
    EXPECT_THAT(quote.Verify(), RefusedAs("pcr-digest-mismatch")) << size;
  }
}

TEST(QuoteSelection, RandomSelectionsVerifyAndShowJustWhatTheySelect) {
  Numbers random(20260104);
  for (int round = 0; round < 100; ++round) {
    std::vector<PcrSelection> selections;
    PcrValues wanted;
    for (const DigestAlgorithm bank : {kSha512, kSha1, kSha384, kSha256}) {
      PcrSelection selection{.bank = bank};
      for (unsigned pcr = 0; pcr < kPcrCount; ++pcr) {
        if (random.Below(3) != 0) continue;
        selection.pcrs.push_back(pcr);
        wanted[bank][pcr] = PcrValue(bank, pcr);
      }
      selections.push_back(selection);
    }
    GoodQuote quote;
    Select(quote, selections);

    const auto verified = quote.Verify();

    ASSERT_THAT(verified, Succeeds()) << round;
    EXPECT_EQ(verified->pcrs(), wanted) << round;
  }
}

TEST(QuoteNonce, EveryLengthIsComparedWhole) {
  for (std::size_t size = 1; size <= 64; ++size) {
    GoodQuote quote;
    quote.attest.extra_data = Filled(size, 0x11);
    quote.expectation.nonce.nonce = Filled(size, 0x11);
    EXPECT_THAT(quote.Verify(), Succeeds()) << size;
    quote.expectation.nonce.nonce.push_back(std::byte{0});
    EXPECT_THAT(quote.Verify(), RefusedAs("nonce-mismatch")) << size;
  }
}

TEST(QuoteNonce, ErrorsShowWhatIsThereAndWhatIsWanted) {
  GoodQuote quote;
  quote.expectation.nonce.nonce = Filled(4, 0xab);
  EXPECT_THAT(quote.Verify(), FailsWith(ErrorCode::kUntrusted, HasSubstr("want abababab")));
}

TEST(QuoteNonce, PaddingOfAnEmptyNonceIsNoNonce) {
  // Zeros are what every requester without a nonce would get; the caller chose nothing.
  GoodQuote quote;
  quote.attest.extra_data = Bytes(32);
  quote.expectation.nonce.nonce = {};
  EXPECT_THAT(quote.Verify(), RefusedAs("nonce-mismatch"));
  quote.expectation.nonce.zero_padded_to = 32;
  EXPECT_THAT(quote.Verify(), RefusedAs("nonce-mismatch"));
}

TEST(QuoteOrder, TheFirstThingThatIsWrongIsNamed) {
  // Everything is wrong; then one thing after the other is right, in the order that is documented.
  GoodQuote quote;
  RawAttest attest = quote.attest;
  const EccTpm other;
  QuoteExpectation wrong{.nonce = {Filled(3, 3)}, .accepted_digests = {kSha384}};
  const auto judge = [&](const EccTpm& signer) {
    const Bytes bytes = attest.Write();
    return VerifyQuote(quote.tpm.Key(), bytes, ParseSignature(signer.Sign(bytes)).value(), wrong);
  };
  attest.magic = 1;
  attest.type = 0x8017;
  EXPECT_THAT(judge(other), RefusedAs("bad-magic"));
  attest.magic = quote.attest.magic;
  EXPECT_THAT(judge(other), RefusedAs("wrong-type"));
  attest.type = quote.attest.type;
  EXPECT_THAT(judge(other), RefusedAs("weak-digest"));
  wrong.accepted_digests = {kSha256};
  EXPECT_THAT(judge(other), RefusedAs("bad-signature"));
  EXPECT_THAT(judge(quote.tpm), RefusedAs("nonce-mismatch"));
  wrong.nonce = quote.expectation.nonce;
  EXPECT_THAT(judge(quote.tpm), RefusedAs("missing-pcr"));
  wrong.pcrs = ManyValues();
  wrong.pcrs[kSha256][7][0] ^= std::byte{1};
  EXPECT_THAT(judge(quote.tpm), RefusedAs("pcr-digest-mismatch"));
  wrong.pcrs = quote.expectation.pcrs;
  EXPECT_THAT(judge(quote.tpm), Succeeds());
}

TEST(QuoteSigner, P521WithItsDigestIsAccepted) {
  GoodQuote quote;
  const auto signer = crypto::SigningKey::Generate(crypto::Curve::kP521);
  quote.attest.pcr_digest = DigestOfPcrs(kSha512, {PcrValue(kSha256, 0), PcrValue(kSha256, 7)});
  const Bytes bytes = quote.attest.Write();
  const Signature signature{.scheme = SignatureScheme::kEcdsa,
                            .digest = kSha512,
                            .ecdsa = signer.SignEcdsa(kSha512, bytes).value()};
  EXPECT_THAT(VerifyQuote(AttestationKey::FromVouchedKey(signer.public_key()).value(), bytes,
                          signature, quote.expectation),
              Succeeds());
}

TEST(QuoteSigner, AKeyOnAnotherCurveIsRefused) {
  const GoodQuote quote;
  const Bytes bytes = quote.attest.Write();
  const EccTpm p384(crypto::Curve::kP384);
  const auto signature = ParseSignature(p384.Sign(bytes)).value();
  EXPECT_THAT(VerifyQuote(quote.tpm.Key(), bytes, signature, quote.expectation),
              RefusedAs("bad-signature"));
  const auto vouched = AttestationKey::FromVouchedKey(p384.PublicKey()).value();
  EXPECT_THAT(
      VerifyQuote(vouched, bytes, ParseSignature(quote.tpm.Sign(bytes)).value(), quote.expectation),
      RefusedAs("bad-signature"));
}

TEST(QuoteSigner, TheLabelOfTheDigestMustBeTheOneSignedWith) {
  const GoodQuote quote;
  const Bytes bytes = quote.attest.Write();
  const auto vouched = AttestationKey::FromVouchedKey(quote.tpm.PublicKey()).value();
  for (const DigestAlgorithm signed_with : {kSha384, kSha512}) {
    Bytes signature = quote.tpm.Sign(bytes, signed_with);
    signature[3] = std::byte{0x0b};  // says SHA-256
    EXPECT_THAT(VerifyQuote(vouched, bytes, ParseSignature(signature).value(), quote.expectation),
                RefusedAs("bad-signature"));
  }
}

TEST(QuoteSigner, EcdsaNumbersOutOfRangeAreRefused) {
  const GoodQuote quote;
  const Bytes bytes = quote.attest.Write();
  const Signature good = ParseSignature(quote.tpm.Sign(bytes)).value();
  for (const Bytes& number : {Bytes(), Bytes(32), Filled(32, 0xff), Filled(33, 1)}) {
    Signature wrong_r = good;
    Signature wrong_s = good;
    wrong_r.ecdsa.r = number;
    wrong_s.ecdsa.s = number;
    EXPECT_THAT(VerifyQuote(quote.tpm.Key(), bytes, wrong_r, quote.expectation),
                RefusedAs("bad-signature"));
    EXPECT_THAT(VerifyQuote(quote.tpm.Key(), bytes, wrong_s, quote.expectation),
                RefusedAs("bad-signature"));
  }
}

TEST(QuoteSigner, RsaOctetsOfAnotherLengthAreRefused) {
  const RsaTpm tpm;
  const auto key =
      AttestationKey::FromPublicArea(ParsePublicArea(tpm.Raw().Write()).value()).value();
  const GoodQuote quote;
  const Bytes bytes = quote.attest.Write();
  const Bytes octets = tpm.SignBare(bytes);
  Bytes longer = octets;
  longer.insert(longer.begin(), std::byte{0});
  Bytes shorter = octets;
  shorter.pop_back();
  for (const Bytes& wrong : {longer, shorter, Bytes()}) {
    EXPECT_THAT(VerifyQuote(key, bytes, BareRsassaSignature(kSha256, wrong), quote.expectation),
                RefusedAs("bad-signature"));
  }
}

}  // namespace
}  // namespace cocos::attestation::vtpm
