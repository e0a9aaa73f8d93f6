// What a verifier keeps of its own, what evidence brings, and what is in neither.
#include <gmock/gmock.h>

#include "attestation/appraisal/appraise.h"
#include "unit/attestation/appraisal/test_agent.h"
#include "unit/crypto/certificate_maker.h"

namespace cocos::attestation::appraisal::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace samples = attestation::testing;

constexpr auto kMembers = {&snp::CertificateTable::vcek, &snp::CertificateTable::ask,
                           &snp::CertificateTable::ark};

class AppraiseCollateral : public ::testing::Test {
 protected:
  Appraisal Run(const Bytes& evidence, const Endorsements& endorsements,
                crypto::TimePoint now = kNow) const {
    return Appraise(evidence, agent_.ExpectSnp(), endorsements, now);
  }
  // The report without certificates, and all of them kept by the verifier.
  Bytes Bare() const { return agent_.SignedReport(false); }
  Endorsements Kept() const {
    Endorsements endorsements = agent_.Root();
    endorsements.snp = agent_.Certificates();
    return endorsements;
  }
  // A report that carries a certificate table.
  AgentEvidence Carrying(const snp::CertificateTable& table) const {
    AgentEvidence evidence;
    evidence.format = EvidenceFormat::kSnpRaw;
    evidence.snp = SnpEvidence{Bare(), table};
    return evidence;
  }

  TestAgent agent_;
};

TEST_F(AppraiseCollateral, NamesEachCertificateThatIsInNeitherPlaceAndJudgesNothing) {
  const char* const names[] = {"VCEK", "ASK", "ARK"};
  const auto* name = names;
  for (const auto member : kMembers) {
    Endorsements endorsements = Kept();
    (endorsements.snp.*member).clear();

    const Appraisal appraisal = Run(Bare(), endorsements);

    EXPECT_THAT(appraisal.missing, HasSubstr(std::string("no ") + *name++));
    EXPECT_THAT(appraisal.verdict.claims, IsEmpty());
    EXPECT_FALSE(appraisal.accepted());
  }
  EXPECT_TRUE(Run(Bare(), Kept()).accepted());
}

TEST_F(AppraiseCollateral, CompletesWhatTheEvidenceBringsWithWhatIsKept) {
  for (const auto member : kMembers) {
    Endorsements kept = agent_.Root();
    kept.snp.*member = agent_.Certificates().*member;
    snp::CertificateTable sent = agent_.Certificates();
    (sent.*member).clear();

    EXPECT_TRUE(Appraise(Carrying(sent), agent_.ExpectSnp(), kept, kNow).accepted());
  }
}

TEST_F(AppraiseCollateral, PrefersWhatIsKeptToWhatTheEvidenceBrings) {
  for (const auto member : kMembers) {
    snp::CertificateTable stale = agent_.Certificates();
    stale.*member = samples::FromText("stale");

    EXPECT_TRUE(Appraise(Carrying(stale), agent_.ExpectSnp(), Kept(), kNow).accepted());
    EXPECT_THAT(Failed(Appraise(Carrying(stale), agent_.ExpectSnp(), agent_.Root(), kNow)),
                ElementsAre("snp.evidence"));
  }
}

TEST_F(AppraiseCollateral, TakesAskAndArkInEitherOrder) {
  snp::CertificateTable swapped = agent_.Certificates();
  std::swap(swapped.ask, swapped.ark);

  EXPECT_TRUE(Appraise(Carrying(agent_.Certificates()), agent_.ExpectSnp(), agent_.Root(), kNow)
                  .accepted());
  EXPECT_TRUE(Appraise(Carrying(swapped), agent_.ExpectSnp(), agent_.Root(), kNow).accepted());
}

TEST_F(AppraiseCollateral, DoesNotTakeTheRootInPlaceOfBothIssuers) {
  snp::CertificateTable table = agent_.Certificates();
  table.ask = table.ark;

  EXPECT_THAT(Failed(Appraise(Carrying(table), agent_.ExpectSnp(), agent_.Root(), kNow)),
              ElementsAre("snp.evidence"));
}

TEST_F(AppraiseCollateral, TrustsNobodyByItself) {
  EXPECT_THAT(Failed(Run(agent_.SevSnp(), Endorsements{})), ElementsAre("snp.evidence"));

  Endorsements amd;
  amd.snp_anchors = snp::AmdTrustAnchors();
  EXPECT_THAT(Failed(Run(agent_.SevSnp(), amd)), ElementsAre("snp.evidence"));
}

TEST_F(AppraiseCollateral, JudgesAtTheTimeGiven) {
  EXPECT_TRUE(Run(agent_.SevSnp(), agent_.Root()).accepted());
  EXPECT_THAT(Failed(Run(agent_.SevSnp(), agent_.Root(),
                         crypto::testing::kYear2036 + std::chrono::hours(24))),
              ElementsAre("snp.evidence"));
  EXPECT_THAT(Failed(Run(agent_.SevSnp(), agent_.Root(),
                         crypto::testing::kYear2026 - std::chrono::seconds(1))),
              ElementsAre("snp.evidence"));
}

TEST_F(AppraiseCollateral, LooksIntoTheListOfTheRootThatIsKept) {
  crypto::testing::CrlSpec spec = agent_.platform.EmptyCrl();
  Endorsements kept = Kept();
  kept.snp.crl = crypto::testing::MakeCrl(spec);
  EXPECT_EQ(ClaimNamed(Run(Bare(), kept), "snp.crl").outcome, Outcome::kPassed);

  spec.serials = {agent_.platform.ica.serial};
  kept.snp.crl = crypto::testing::MakeCrl(spec);
  EXPECT_THAT(Failed(Run(Bare(), kept)), ElementsAre("snp.evidence"));
  kept.snp.crl = samples::FromText("no list");
  EXPECT_THAT(Failed(Run(Bare(), kept)), ElementsAre("snp.evidence"));
}

TEST_F(AppraiseCollateral, PrefersTheListThatIsKeptToTheOneThatCame) {
  crypto::testing::CrlSpec spec = agent_.platform.EmptyCrl();
  snp::CertificateTable sent = agent_.Certificates();
  sent.crl = crypto::testing::MakeCrl(spec);  // lists nothing
  spec.serials = {agent_.platform.ica.serial};
  Endorsements kept = agent_.Root();

  EXPECT_EQ(ClaimNamed(Appraise(Carrying(sent), agent_.ExpectSnp(), kept, kNow), "snp.crl").outcome,
            Outcome::kPassed);
  kept.snp.crl = crypto::testing::MakeCrl(spec);
  EXPECT_THAT(Failed(Appraise(Carrying(sent), agent_.ExpectSnp(), kept, kNow)),
              ElementsAre("snp.evidence"));
}

TEST_F(AppraiseCollateral, RefusesWithoutAListWhereThePolicyDemandsOne) {
  Expectation expectation = agent_.ExpectSnp();
  expectation.policy.snp->require_crl = true;

  EXPECT_THAT(Failed(Appraise(agent_.SevSnp(), expectation, agent_.Root(), kNow)),
              ElementsAre("snp.crl"));
}

// Nobody is made to fetch for evidence that fetching cannot save.

TEST_F(AppraiseCollateral, RefusesAnotherChallengeBeforeItAsksForCollateral) {
  const Bytes evidence = Bare();
  agent_.certificate = samples::FromText("another");

  const Appraisal appraisal = Run(evidence, agent_.Root());

  EXPECT_THAT(appraisal.missing, IsEmpty());
  EXPECT_THAT(Failed(appraisal), ElementsAre("binding.report-data", "snp.evidence"));
}

TEST_F(AppraiseCollateral, RefusesAForgedQuoteBeforeItAsksForCollateral) {
  agent_.sends_chain = false;
  const Expectation expectation = agent_.ExpectSnpVtpm();
  EXPECT_THAT(Appraise(agent_.SnpVtpm(), expectation, agent_.Root(), kNow).missing,
              HasSubstr("no VCEK"));

  agent_.tpm_nonce[0] ^= std::byte{1};
  const Appraisal forged = Appraise(agent_.SnpVtpm(), expectation, agent_.Root(), kNow);
  EXPECT_THAT(forged.missing, IsEmpty());
  EXPECT_THAT(Failed(forged), ElementsAre("snp.evidence", "tpm.evidence"));
}

TEST_F(AppraiseCollateral, RefusesAnUnusablePolicyBeforeItAsksForCollateral) {
  Expectation expectation = agent_.ExpectSnp();
  expectation.policy.snp->guest_policy.allow_debug = true;  // in the production profile

  EXPECT_THAT(Failed(Appraise(Bare(), expectation, agent_.Root(), kNow)), ElementsAre("policy"));
}

TEST_F(AppraiseCollateral, PassesNoClaimFromAReportThatDidNotVerify) {
  Bytes tampered = Bare();
  tampered[snp::testing::kSignatureRAt] ^= std::byte{1};

  const Appraisal appraisal = Run(tampered, Kept());

  EXPECT_THAT(Failed(appraisal), ElementsAre("snp.evidence"));
  EXPECT_EQ(ClaimNamed(appraisal, "binding.report-data").name, "");
}

TEST_F(AppraiseCollateral, AsksForCollateralOfAReportOnlyWhereSomethingDependsOnIt) {
  agent_.sends_chain = false;
  Expectation expectation = agent_.ExpectSnpVtpm();
  expectation.policy.snp.reset();

  // The report is what binds the TPM's key.
  EXPECT_THAT(Appraise(agent_.SnpVtpm(), expectation, agent_.Root(), kNow).missing,
              HasSubstr("no VCEK"));

  expectation.policy.tpm->require_bound_key = false;
  const Appraisal appraisal = Appraise(agent_.SnpVtpm(), expectation, agent_.Root(), kNow);
  EXPECT_TRUE(appraisal.accepted());
  EXPECT_EQ(ClaimNamed(appraisal, "tpm.key-binding").actual, "not bound");
}

TEST_F(AppraiseCollateral, RefusesAKeyThatNoCollateralCouldBind) {
  agent_.sends_chain = false;
  agent_.bound_key.clear();
  Expectation expectation = agent_.ExpectSnpVtpm();
  expectation.policy.snp.reset();

  const Appraisal appraisal = Appraise(agent_.SnpVtpm(), expectation, agent_.Root(), kNow);

  EXPECT_THAT(appraisal.missing, IsEmpty());
  EXPECT_THAT(Failed(appraisal), ElementsAre("binding.report-data", "tpm.key-binding"));
}

TEST(IsMissingCollateral, TellsWhatIsMissingFromWhatIsWrong) {
  EXPECT_TRUE(
      IsMissingCollateral(Error(ErrorCode::kNotFound, "").WithReason("missing-collateral")));
  EXPECT_TRUE(IsMissingCollateral(
      Error(ErrorCode::kFailedPrecondition, "").WithReason("missing-tcb-info")));
  EXPECT_FALSE(IsMissingCollateral(Error(ErrorCode::kUntrusted, "").WithReason("missing-pcr")));
  EXPECT_FALSE(IsMissingCollateral(Error(ErrorCode::kNotFound, "missing-collateral")));
}

}  // namespace
}  // namespace cocos::attestation::appraisal::testing
