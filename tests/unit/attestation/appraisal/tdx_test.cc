// TDX quotes of an agent.
#include <gmock/gmock.h>

#include "attestation/appraisal/appraise.h"
#include "unit/attestation/appraisal/test_agent.h"
#include "unit/attestation/tdx/test_platform.h"

namespace cocos::attestation::appraisal::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace samples = attestation::testing;

class AppraiseTdx : public ::testing::Test {
 protected:
  AppraiseTdx() {
    platform_.report.report_data = ReportDataForCertificate(certificate_);
    endorsements_.tdx = platform_.Collateral();
    endorsements_.tdx_anchors = platform_.Anchors();
    expectation_.challenge = ChallengeOfCertificate(certificate_).value();
    expectation_.policy.tdx = tdx::Policy{};
    expectation_.policy.tdx->mr_td = {platform_.report.mr_td};
  }

  Appraisal Run() const { return Run(platform_.Quote()); }
  Appraisal Run(const Bytes& evidence) const {
    return Appraise(evidence, expectation_, endorsements_, platform_.now);
  }

  const Bytes certificate_ = samples::FromText("client");
  tdx::TestPlatform platform_;
  Endorsements endorsements_;
  Expectation expectation_;
};

TEST_F(AppraiseTdx, AcceptsAQuoteThatAnswersTheCertificateFile) {
  const Appraisal appraisal = Run();

  EXPECT_THAT(Failed(appraisal), IsEmpty());
  EXPECT_TRUE(appraisal.accepted());
  EXPECT_EQ(ClaimNamed(appraisal, "binding.report-data").outcome, Outcome::kPassed);
}

TEST_F(AppraiseTdx, AcceptsAQuoteInAToken) {
  EXPECT_TRUE(Run(samples::CborToken("TDX", platform_.Quote())).accepted());
  EXPECT_TRUE(Run(samples::CborToken("Azure", platform_.Quote())).accepted());
  EXPECT_THAT(Failed(Run(samples::CborToken("SNP", platform_.Quote()))),
              ElementsAre("evidence.format"));
}

TEST_F(AppraiseTdx, RefusesAQuoteForAnotherCertificateFile) {
  expectation_.challenge = ChallengeOfCertificate(samples::FromText("other")).value();

  EXPECT_THAT(Failed(Run()), ElementsAre("binding.report-data"));
}

TEST_F(AppraiseTdx, RefusesAnotherMrtd) {
  platform_.report.mr_td[0] ^= std::byte{1};

  EXPECT_THAT(Failed(Run()), ElementsAre("tdx.mr-td"));
}

TEST_F(AppraiseTdx, RefusesAQuoteOfAnotherRoot) {
  endorsements_.tdx_anchors = tdx::IntelTrustAnchors();

  EXPECT_THAT(Failed(Run()), ElementsAre("tdx.evidence"));
}

TEST_F(AppraiseTdx, RefusesAQuoteWhereThePolicyDemandsAReport) {
  expectation_.policy.tdx.reset();
  expectation_.policy.snp = snp::Policy{};

  EXPECT_THAT(Failed(Run()), ElementsAre("snp.evidence"));
}

TEST_F(AppraiseTdx, AsksForCollateralUnlessThePolicyDoesWithout) {
  endorsements_.tdx.reset();

  const Appraisal missing = Run();
  EXPECT_THAT(missing.missing, HasSubstr("no TDX collateral"));
  EXPECT_THAT(missing.verdict.claims, IsEmpty());

  expectation_.policy.tdx->require_collateral = false;
  EXPECT_TRUE(Run().accepted());
}

TEST_F(AppraiseTdx, NamesThePieceThatIsMissing) {
  endorsements_.tdx->tcb_info.clear();

  const Appraisal appraisal = Run();

  EXPECT_THAT(appraisal.missing, HasSubstr("tcb-info"));
  EXPECT_FALSE(appraisal.accepted());
}

TEST_F(AppraiseTdx, RefusesAnotherChallengeBeforeItAsksForCollateral) {
  endorsements_.tdx.reset();
  expectation_.challenge = ChallengeOfCertificate(samples::FromText("other")).value();

  const Appraisal appraisal = Run();

  EXPECT_THAT(appraisal.missing, IsEmpty());
  EXPECT_THAT(Failed(appraisal), ElementsAre("binding.report-data", "tdx.evidence"));
}

TEST_F(AppraiseTdx, RefusesAQuoteThatDoesNotParseBeforeItAsksForCollateral) {
  endorsements_.tdx.reset();
  Bytes cut = platform_.Quote();
  cut.resize(700);

  const Appraisal appraisal = Run(cut);

  EXPECT_THAT(appraisal.missing, IsEmpty());
  EXPECT_FALSE(appraisal.verdict.failures().empty());
}

TEST_F(AppraiseTdx, RefusesCollateralThatHasExpired) {
  platform_.now += std::chrono::hours(24 * 365 * 5);

  EXPECT_THAT(Failed(Run()), ElementsAre("tdx.evidence"));
}

TEST_F(AppraiseTdx, RefusesFlippedBytesEverywhereInTheSignedParts) {
  const Bytes quote = platform_.Quote();
  // Header, body and the quote's own signature and key.
  for (std::size_t at = 0; at < 48 + 584 + 4 + 128; at += 7) {
    Bytes flipped = quote;
    flipped[at] ^= std::byte{1};
    EXPECT_FALSE(Run(flipped).accepted()) << at;
  }
}

TEST_F(AppraiseTdx, NeverBindsATpmsKeyToAQuote) {
  const TestAgent agent;
  AgentEvidence evidence;
  evidence.format = EvidenceFormat::kAttest;
  platform_.report.report_data =
      ReportDataWithAttestationKey(ReportDataForCertificate(certificate_), agent.ak_public);
  evidence.tdx = TdxEvidence{platform_.Quote()};
  evidence.tpm = TpmEvidence{};
  evidence.tpm->ak_public = agent.ak_public;

  const Appraisal appraisal = Appraise(evidence, expectation_, endorsements_, platform_.now);

  EXPECT_THAT(Failed(appraisal), ElementsAre("binding.report-data"));
}

}  // namespace
}  // namespace cocos::attestation::appraisal::testing
