// SNP with a vTPM, and a vTPM alone.
#include <gmock/gmock.h>

#include "attestation/appraisal/appraise.h"
#include "attestation/evidence/decode.h"
#include "unit/attestation/appraisal/test_agent.h"

namespace cocos::attestation::appraisal::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace samples = attestation::testing;

Appraisal AppraiseBoth(const TestAgent& agent, const Expectation& expectation) {
  return Appraise(agent.SnpVtpm(), expectation, agent.Root(), kNow);
}

// A policy for agents that do not bind the key.
Expectation Unbound(Expectation expectation) {
  expectation.policy.tpm->require_bound_key = false;
  return expectation;
}

TEST(AppraiseTpm, AcceptsAReportThatNamesTheKeyOfTheTpmBesideIt) {
  const TestAgent agent;

  const Appraisal appraisal = AppraiseBoth(agent, agent.ExpectSnpVtpm());

  EXPECT_THAT(Failed(appraisal), IsEmpty());
  EXPECT_TRUE(appraisal.accepted());
  EXPECT_EQ(ClaimNamed(appraisal, "binding.report-data").actual,
            crypto::HexEncode(ReportDataWithAttestationKey(
                ReportDataForCertificate(agent.certificate), agent.ak_public)));
  EXPECT_EQ(ClaimNamed(appraisal, "tpm.key-binding").outcome, Outcome::kPassed);
  EXPECT_EQ(ClaimNamed(appraisal, "tpm.quotes").actual, "2");
  EXPECT_EQ(ClaimNamed(appraisal, "tpm.event-log.sha384.0").outcome, Outcome::kPassed);
}

TEST(AppraiseTpm, AcceptsABoundKeyUnderAPolicyThatSaysNothingOfTpms) {
  const TestAgent agent;

  const Appraisal appraisal = AppraiseBoth(agent, agent.ExpectSnp());

  EXPECT_TRUE(appraisal.accepted());
  EXPECT_EQ(ClaimNamed(appraisal, "tpm.evidence").outcome, Outcome::kUnchecked);
}

TEST(AppraiseTpm, RefusesAKeyThatTheReportDoesNotName) {
  TestAgent agent;
  agent.bound_key.clear();  // agents up to v0.8.1

  const Appraisal appraisal = AppraiseBoth(agent, agent.ExpectSnpVtpm());

  ASSERT_THAT(Failed(appraisal), ElementsAre("binding.report-data", "tpm.key-binding"));
  EXPECT_THAT(appraisal.verdict.failures().front().detail, HasSubstr("up to v0.8.1"));
}

TEST(AppraiseTpm, AcceptsAnUnboundKeyOnlyUnderAPolicyThatLetsIt) {
  TestAgent agent;
  agent.bound_key.clear();

  const Appraisal allowed = AppraiseBoth(agent, Unbound(agent.ExpectSnpVtpm()));
  const Appraisal silent = AppraiseBoth(agent, agent.ExpectSnp());

  EXPECT_TRUE(allowed.accepted());
  EXPECT_THAT(ClaimNamed(allowed, "binding.report-data").expected, HasSubstr(" or "));
  const Claim binding = ClaimNamed(allowed, "tpm.key-binding");
  EXPECT_EQ(binding.outcome, Outcome::kUnchecked);
  EXPECT_EQ(binding.actual, "not bound");
  EXPECT_THAT(Failed(silent), ElementsAre("binding.report-data"));
}

TEST(AppraiseTpm, AcceptsABoundKeyWhereThePolicyLetsItBeUnbound) {
  const TestAgent agent;

  const Appraisal appraisal = AppraiseBoth(agent, Unbound(agent.ExpectSnpVtpm()));

  EXPECT_TRUE(appraisal.accepted());
  EXPECT_EQ(ClaimNamed(appraisal, "tpm.key-binding").actual, "bound");
}

TEST(AppraiseTpm, RefusesAnotherKeyThatSignsTheSameQuotes) {
  TestAgent agent;
  agent.tpm = vtpm::testing::EccTpm();  // the attacker's; the report names the guest's
  agent.ak_public = agent.tpm.Raw().Write();

  EXPECT_THAT(Failed(AppraiseBoth(agent, agent.ExpectSnpVtpm())),
              ElementsAre("binding.report-data", "tpm.key-binding"));
  EXPECT_THAT(Failed(AppraiseBoth(agent, Unbound(agent.ExpectSnpVtpm()))),
              ElementsAre("binding.report-data"));
}

TEST(AppraiseTpm, RefusesQuotesOfAnotherKeyThanTheOneSent) {
  TestAgent agent;
  agent.tpm = vtpm::testing::EccTpm();

  const Appraisal appraisal = AppraiseBoth(agent, agent.ExpectSnpVtpm());

  ASSERT_THAT(Failed(appraisal), ElementsAre("tpm.evidence"));
  EXPECT_EQ(ClaimNamed(appraisal, "binding.report-data").outcome, Outcome::kPassed);
}

TEST(AppraiseTpm, RefusesAKeyThatSignsAnything) {
  TestAgent agent;
  vtpm::testing::RawEcc raw = agent.tpm.Raw();
  raw.attributes &= ~std::uint32_t{0x10000};  // not restricted
  agent.ak_public = agent.bound_key = raw.Write();

  const Appraisal appraisal = AppraiseBoth(agent, agent.ExpectSnpVtpm());

  ASSERT_THAT(Failed(appraisal), ElementsAre("tpm.evidence"));
}

TEST(AppraiseTpm, RefusesQuotesForAnotherNonce) {
  TestAgent agent;
  agent.tpm_nonce[31] ^= std::byte{1};

  const Appraisal appraisal = AppraiseBoth(agent, agent.ExpectSnpVtpm());

  ASSERT_THAT(Failed(appraisal), ElementsAre("tpm.evidence"));
  EXPECT_THAT(appraisal.verdict.failures().front().detail, HasSubstr("nonce"));
}

TEST(AppraiseTpm, RefusesQuotesWhereNoNonceIsExpected) {
  const TestAgent agent;
  Expectation expectation = agent.ExpectSnpVtpm();
  expectation.challenge.tpm_nonce.reset();

  const Appraisal appraisal = AppraiseBoth(agent, expectation);

  ASSERT_THAT(Failed(appraisal), ElementsAre("tpm.evidence"));
  EXPECT_THAT(appraisal.verdict.failures().front().detail, HasSubstr("no nonce is expected"));
}

TEST(AppraiseTpm, RefusesEvidenceOfWhichOneQuoteIsForgedAndOneIsGood) {
  for (const std::size_t forged : {std::size_t{0}, std::size_t{1}}) {
    TestAgent agent;
    const Expectation expectation = agent.ExpectSnpVtpm();
    AgentEvidence evidence = DecodeAnyEvidence(agent.SnpVtpm()).value();
    evidence.tpm->quotes[forged].pcrs.begin()->second[0] ^= std::byte{1};

    const Appraisal appraisal = Appraise(evidence, expectation, agent.Root(), kNow);

    ASSERT_THAT(Failed(appraisal), ElementsAre("tpm.evidence")) << forged;
    EXPECT_THAT(appraisal.verdict.failures().front().detail, HasSubstr("digest"));
  }
}

TEST(AppraiseTpm, RefusesAnotherPcrValue) {
  const TestAgent agent;
  Expectation expectation = agent.ExpectSnpVtpm();
  expectation.policy.tpm->expected_pcrs[crypto::DigestAlgorithm::kSha256][7] =
      samples::Filled(32, 1);

  EXPECT_THAT(Failed(AppraiseBoth(agent, expectation)), ElementsAre("tpm.pcr.sha256.7"));
}

TEST(AppraiseTpm, RefusesAPcrThatNoQuoteSelects) {
  const TestAgent agent;
  Expectation expectation = agent.ExpectSnpVtpm();
  expectation.policy.tpm->expected_pcrs[crypto::DigestAlgorithm::kSha256][4] = samples::Filled(32);

  EXPECT_THAT(Failed(AppraiseBoth(agent, expectation)), ElementsAre("tpm.pcr.sha256.4"));
}

TEST(AppraiseTpm, ReplaysTheEventLogWhereThePolicyAsksForIt) {
  TestAgent agent;
  agent.event_log = vtpm::testing::TwoBanks().SpecId().Record(0, 8, samples::Filled(1)).Take();

  const Expectation expectation = agent.ExpectSnpVtpm();
  EXPECT_THAT(Failed(AppraiseBoth(agent, expectation)), ElementsAre("tpm.event-log.sha256.0"));

  Expectation without = expectation;
  without.policy.tpm->require_event_log = false;
  EXPECT_TRUE(AppraiseBoth(agent, without).accepted());
}

TEST(AppraiseTpm, RefusesAMissingOrMalformedLogOnlyWhereThePolicyAsksForOne) {
  TestAgent agent;
  Expectation without = agent.ExpectSnpVtpm();
  without.policy.tpm->require_event_log = false;

  agent.event_log.clear();
  EXPECT_THAT(Failed(AppraiseBoth(agent, agent.ExpectSnpVtpm())), ElementsAre("tpm.event-log"));
  EXPECT_TRUE(AppraiseBoth(agent, without).accepted());

  agent.event_log = samples::FromText("no log");
  EXPECT_THAT(Failed(AppraiseBoth(agent, agent.ExpectSnpVtpm())), ElementsAre("tpm.evidence"));
  const Appraisal told = AppraiseBoth(agent, without);
  EXPECT_TRUE(told.accepted());
  EXPECT_THAT(ClaimNamed(told, "tpm.event-log").actual, HasSubstr("does not parse"));
}

TEST(AppraiseTpm, RefusesASignatureDigestThatThePolicyDoesNotAccept) {
  const TestAgent agent;
  Expectation expectation = agent.ExpectSnpVtpm();
  expectation.policy.tpm->accepted_digests = {crypto::DigestAlgorithm::kSha384};

  EXPECT_THAT(Failed(AppraiseBoth(agent, expectation)), ElementsAre("tpm.evidence"));
}

TEST(AppraiseTpm, RefusesAReportAloneWhereThePolicyDemandsATpm) {
  const TestAgent agent;

  const Appraisal appraisal = Appraise(agent.SevSnp(), agent.ExpectSnpVtpm(), agent.Root(), kNow);

  EXPECT_THAT(Failed(appraisal), ElementsAre("tpm.evidence"));
}

TEST(AppraiseTpm, RefusesATpmAloneUnlessThePolicyAsksForNothingElse) {
  const TestAgent agent;
  const Bytes evidence = agent.VtpmOnly();
  Expectation tpm_alone = agent.ExpectSnpVtpm();
  tpm_alone.policy.snp.reset();

  EXPECT_THAT(Failed(Appraise(evidence, agent.ExpectSnpVtpm(), agent.Root(), kNow)),
              ElementsAre("snp.evidence", "tpm.key-binding"));
  EXPECT_THAT(Failed(Appraise(evidence, tpm_alone, agent.Root(), kNow)),
              ElementsAre("tpm.key-binding"));
  EXPECT_TRUE(Appraise(evidence, Unbound(tpm_alone), agent.Root(), kNow).accepted());
}

TEST(AppraiseTpm, BindsTheKeyToAReportThatThePolicyHasNoPartFor) {
  TestAgent agent;
  Expectation expectation = agent.ExpectSnpVtpm();
  expectation.policy.snp.reset();

  EXPECT_TRUE(AppraiseBoth(agent, expectation).accepted());

  // The report no longer verifies: its words bind nothing.
  snp::TrustAnchors nobody;
  Endorsements endorsements = agent.Root();
  endorsements.snp_anchors = nobody;
  EXPECT_THAT(Failed(Appraise(agent.SnpVtpm(), expectation, endorsements, kNow)),
              ElementsAre("tpm.key-binding"));
}

TEST(AppraiseTpm, RefusesAReportThatTheAgentsLibraryAddedByItself) {
  TestAgent agent;
  agent.bound_key.clear();
  agent.report_data = PadReportData(agent.tpm_nonce).value();

  EXPECT_THAT(Failed(AppraiseBoth(agent, agent.ExpectSnpVtpm())), Contains("binding.report-data"));
  EXPECT_THAT(Failed(AppraiseBoth(agent, Unbound(agent.ExpectSnpVtpm()))),
              ElementsAre("binding.report-data"));
}

}  // namespace
}  // namespace cocos::attestation::appraisal::testing
