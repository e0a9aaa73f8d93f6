// Each demand on TPM quotes alone, over quotes that meet all others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/policy/evaluate.h"
#include "support/result_matchers.h"
#include "unit/attestation/vtpm/log_builder.h"

namespace cocos::attestation::policy::testing {
namespace {

using crypto::DigestAlgorithm;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using vtpm::testing::Bitmap;
using vtpm::testing::Bytes;
using vtpm::testing::EccTpm;
using vtpm::testing::LogBuilder;

constexpr auto kSha256 = DigestAlgorithm::kSha256;
constexpr auto kSha384 = DigestAlgorithm::kSha384;

// A quote of these values of the SHA-256 bank, signed with this digest.
vtpm::VerifiedTpmQuote QuoteOf(const EccTpm& tpm, const std::map<unsigned, Bytes>& pcrs,
                               DigestAlgorithm digest = kSha256) {
  vtpm::testing::RawAttest attest;
  attest.selections = {{0x000b, Bytes(3)}};
  std::vector<Bytes> values;
  vtpm::QuoteExpectation expectation{.nonce = {vtpm::testing::Filled(32, 0x11)}, .pcrs = {}};
  for (const auto& [index, value] : pcrs) {
    attest.selections[0].bitmap[index / 8] |= static_cast<std::byte>(1U << (index % 8));
    values.push_back(value);
    expectation.pcrs[kSha256][index] = value;
  }
  attest.pcr_digest = vtpm::testing::DigestOfPcrs(digest, values);
  const Bytes bytes = attest.Write();
  const auto signature = vtpm::ParseSignature(tpm.Sign(bytes, digest)).value();
  return vtpm::VerifyQuote(tpm.Key(), bytes, signature, expectation).value();
}

const EccTpm& Tpm() {
  static const EccTpm tpm;
  return tpm;
}

// PCR 4 holds what the log below extends it with, PCR 0 and 7 some value.
const Bytes kEvent = vtpm::testing::Filled(8, 0x33);
Bytes Replayed() { return vtpm::testing::Extended(kSha256, Bytes(32), kEvent); }
std::map<unsigned, Bytes> Values() {
  return {{0, vtpm::testing::PcrValue(kSha256, 0)},
          {4, Replayed()},
          {7, vtpm::testing::PcrValue(kSha256, 7)}};
}

vtpm::EventLog LogOf(unsigned index, const Bytes& event) {
  LogBuilder log({{0x000b, 32}});
  return vtpm::ParseEventLog(log.SpecId().Record(index, 13, event).Take()).value();
}

VerifiedTpm Good() {
  VerifiedTpm tpm{.quotes = {QuoteOf(Tpm(), Values())}, .event_log = LogOf(4, kEvent)};
  tpm.key_is_bound = true;
  return tpm;
}

vtpm::Policy AllDemands() {
  vtpm::Policy policy;
  policy.expected_pcrs[kSha256] = Values();
  policy.require_event_log = true;
  policy.accepted_digests = {kSha256};
  return policy;
}

std::vector<std::string> Failed(const vtpm::Policy& demands, const VerifiedTpm& tpm) {
  const Verdict verdict = Evaluate({.tpm = demands}, {.tpm = tpm});
  std::vector<std::string> names;
  for (const Claim& claim : verdict.failures()) names.push_back(claim.name);
  EXPECT_EQ(verdict.passed(), names.empty());
  return names;
}

Outcome OutcomeOf(std::string_view name, const vtpm::Policy& demands, const VerifiedTpm& tpm) {
  const Verdict verdict = Evaluate({.tpm = demands}, {.tpm = tpm});
  const auto claim = std::ranges::find(verdict.claims, name, &Claim::name);
  EXPECT_NE(claim, verdict.claims.end()) << name;
  return claim == verdict.claims.end() ? Outcome::kFailed : claim->outcome;
}

TEST(EvaluateTpm, PassesQuotesThatMeetEveryDemand) {
  EXPECT_THAT(Failed(AllDemands(), Good()), IsEmpty());
}

TEST(EvaluateTpm, FailsEachPcrThatHoldsAnotherValue) {
  for (const unsigned index : {0U, 4U, 7U}) {
    for (const std::size_t at : {0U, 15U, 31U}) {
      vtpm::Policy demands = AllDemands();
      demands.expected_pcrs[kSha256][index][at] ^= std::byte{1};
      EXPECT_THAT(Failed(demands, Good()), ElementsAre(fmt::format("tpm.pcr.sha256.{}", index)));
    }
  }
}

TEST(EvaluateTpm, FailsEachPcrThatNoQuoteSelects) {
  for (unsigned index = 0; index < kPcrs; ++index) {
    vtpm::Policy demands = AllDemands();
    if (demands.expected_pcrs[kSha256].contains(index)) continue;
    demands.expected_pcrs[kSha256][index] = Bytes(32);
    EXPECT_THAT(Failed(demands, Good()), ElementsAre(fmt::format("tpm.pcr.sha256.{}", index)));
  }
}

TEST(EvaluateTpm, FailsAPcrOfABankThatNoQuoteSelects) {
  for (const DigestAlgorithm bank :
       {DigestAlgorithm::kSha1, kSha384, DigestAlgorithm::kSha512, DigestAlgorithm::kSha3_256}) {
    vtpm::Policy demands = AllDemands();
    demands.expected_pcrs[bank][0] = vtpm::testing::PcrValue(bank, 0);
    EXPECT_THAT(Failed(demands, Good()),
                ElementsAre(fmt::format("tpm.pcr.{}.0", crypto::DigestName(bank))));
  }
}

TEST(EvaluateTpm, PassesFewerPcrsThanAreQuoted) {
  vtpm::Policy demands = AllDemands();
  demands.expected_pcrs[kSha256].erase(0);
  EXPECT_THAT(Failed(demands, Good()), IsEmpty());
  demands.expected_pcrs.clear();
  EXPECT_THAT(Failed(demands, Good()), IsEmpty());
}

TEST(EvaluateTpm, FailsAKeyThatIsNotBoundIfThatIsDemanded) {
  VerifiedTpm tpm = Good();
  tpm.key_is_bound = false;
  vtpm::Policy demands = AllDemands();

  EXPECT_THAT(Failed(demands, tpm), ElementsAre("tpm.key-binding"));
  demands.require_bound_key = false;
  EXPECT_THAT(Failed(demands, tpm), IsEmpty());
  EXPECT_EQ(OutcomeOf("tpm.key-binding", demands, tpm), Outcome::kUnchecked);
}

TEST(EvaluateTpm, FailsASignatureOverADigestThatIsNotAccepted) {
  vtpm::Policy demands = AllDemands();
  for (const DigestAlgorithm other : {kSha384, DigestAlgorithm::kSha512}) {
    demands.accepted_digests = {other};
    EXPECT_THAT(Failed(demands, Good()), ElementsAre("tpm.signature-digest"));
    demands.accepted_digests.insert(kSha256);
    EXPECT_THAT(Failed(demands, Good()), IsEmpty());
  }
}

TEST(EvaluateTpm, PassesASignatureOverTheDemandedLongerDigest) {
  const EccTpm tpm(crypto::Curve::kP384);
  VerifiedTpm evidence = Good();
  evidence.quotes = {QuoteOf(tpm, Values(), kSha384)};
  vtpm::Policy demands = AllDemands();

  EXPECT_THAT(Failed(demands, evidence), ElementsAre("tpm.signature-digest"));
  demands.accepted_digests = {kSha384};
  EXPECT_THAT(Failed(demands, evidence), IsEmpty());
}

TEST(EvaluateTpm, FailsWithoutALogIfOneIsDemanded) {
  VerifiedTpm tpm = Good();
  tpm.event_log.reset();
  vtpm::Policy demands = AllDemands();

  EXPECT_THAT(Failed(demands, tpm), ElementsAre("tpm.event-log"));
  demands.require_event_log = false;
  EXPECT_THAT(Failed(demands, tpm), IsEmpty());
}

TEST(EvaluateTpm, FailsALogThatDoesNotReplayIfOneIsDemanded) {
  VerifiedTpm tpm = Good();
  tpm.event_log = LogOf(4, vtpm::testing::Filled(8, 0x34));
  vtpm::Policy demands = AllDemands();

  EXPECT_THAT(Failed(demands, tpm), ElementsAre("tpm.event-log.sha256.4"));
  demands.require_event_log = false;
  EXPECT_THAT(Failed(demands, tpm), IsEmpty());
  EXPECT_EQ(OutcomeOf("tpm.event-log.sha256.4", demands, tpm), Outcome::kUnchecked);
}

TEST(EvaluateTpm, FailsALogOfPcrsThatAreNotQuoted) {
  VerifiedTpm tpm = Good();
  tpm.event_log = LogOf(5, kEvent);

  EXPECT_THAT(Failed(AllDemands(), tpm), ElementsAre("tpm.event-log"));
}

TEST(EvaluateTpm, FailsQuotesOfTwoKeys) {
  const EccTpm other;
  VerifiedTpm tpm = Good();
  tpm.quotes.push_back(QuoteOf(other, Values()));

  EXPECT_THAT(Failed(AllDemands(), tpm), ElementsAre("tpm.key"));
}

TEST(EvaluateTpm, FailsQuotesThatDisagreeWhicheverIsFirst) {
  std::map<unsigned, Bytes> changed = Values();
  changed[7] = vtpm::testing::Filled(32, 0x66);
  VerifiedTpm tpm = Good();
  tpm.quotes.push_back(QuoteOf(Tpm(), changed));
  EXPECT_THAT(Failed(AllDemands(), tpm), Contains("tpm.consistent"));

  std::swap(tpm.quotes[0], tpm.quotes[1]);
  EXPECT_THAT(Failed(AllDemands(), tpm),
              UnorderedElementsAre("tpm.consistent", "tpm.pcr.sha256.7"));
}

TEST(EvaluateTpm, TakesTheValuesOfSeveralQuotesTogether) {
  const std::map<unsigned, Bytes> all = Values();
  VerifiedTpm tpm = Good();
  tpm.quotes = {QuoteOf(Tpm(), {{0, all.at(0)}}), QuoteOf(Tpm(), {{4, all.at(4)}})};
  EXPECT_THAT(Failed(AllDemands(), tpm), ElementsAre("tpm.pcr.sha256.7"));

  tpm.quotes.push_back(QuoteOf(Tpm(), {{7, all.at(7)}}));
  EXPECT_THAT(Failed(AllDemands(), tpm), IsEmpty());
}

TEST(EvaluateTpm, FailsEveryDemandWithoutAQuote) {
  VerifiedTpm tpm = Good();
  tpm.quotes.clear();

  EXPECT_THAT(Failed(AllDemands(), tpm),
              UnorderedElementsAre("tpm.quotes", "tpm.key-binding", "tpm.pcr.sha256.0",
                                   "tpm.pcr.sha256.4", "tpm.pcr.sha256.7", "tpm.event-log"));
  vtpm::Policy least;
  least.require_bound_key = false;
  EXPECT_THAT(Failed(least, tpm), ElementsAre("tpm.quotes"));
}

TEST(EvaluateTpm, SaysWhatWasExpectedAndWhatIsThere) {
  vtpm::Policy demands = AllDemands();
  demands.expected_pcrs[kSha256][7] = Bytes(32);
  const Verdict verdict = Evaluate({.tpm = demands}, {.tpm = Good()});

  const auto failures = verdict.failures();

  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].expected, std::string(64, '0'));
  EXPECT_EQ(failures[0].actual, crypto::HexEncode(vtpm::testing::PcrValue(kSha256, 7)));
  EXPECT_THAT(failures[0].source, ::testing::HasSubstr("TPM 2.0"));
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
