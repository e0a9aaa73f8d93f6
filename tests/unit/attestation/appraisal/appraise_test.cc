// SNP evidence that passes, and what it is refused for when one thing is wrong.
#include "attestation/appraisal/appraise.h"

#include <gmock/gmock.h>

#include "unit/attestation/appraisal/test_agent.h"

namespace cocos::attestation::appraisal::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace samples = attestation::testing;

Appraisal AppraiseSnp(const TestAgent& agent, const Expectation& expectation) {
  return Appraise(agent.SevSnp(), expectation, agent.Root(), kNow);
}

TEST(Appraise, AcceptsAReportThatAnswersTheCertificateFile) {
  const TestAgent agent;

  const Appraisal appraisal = AppraiseSnp(agent, agent.ExpectSnp());

  EXPECT_THAT(Failed(appraisal), IsEmpty());
  EXPECT_THAT(appraisal.missing, IsEmpty());
  EXPECT_TRUE(appraisal.accepted());
  const Claim claim = ClaimNamed(appraisal, "binding.report-data");
  EXPECT_EQ(claim.outcome, Outcome::kPassed);
  EXPECT_EQ(claim.expected, claim.actual);
  EXPECT_EQ(claim.actual, crypto::HexEncode(ReportDataForCertificate(agent.certificate)));
}

TEST(Appraise, AcceptsTheSameReportInEveryFormat) {
  const TestAgent agent;
  Endorsements own = agent.Root();
  own.snp = agent.Certificates();
  const Bytes message = agent.SevSnp();
  const std::string jwt =
      samples::JwtToken(samples::kJwtHeader, samples::JwtClaims("SNP", message));
  const std::vector<std::pair<EvidenceFormat, Bytes>> formats = {
      {EvidenceFormat::kSnpRaw, agent.SignedReport(false)},
      {EvidenceFormat::kSevSnpAttestation, message},
      {EvidenceFormat::kEatCbor, samples::CborToken("SNP", message)},
      {EvidenceFormat::kEatJwt, samples::FromText(jwt)}};
  for (const auto& [format, bytes] : formats) {
    Expectation expectation = agent.ExpectSnp();
    const Appraisal any = Appraise(bytes, expectation, own, kNow);
    expectation.format = format;
    const Appraisal named = Appraise(bytes, expectation, own, kNow);

    EXPECT_TRUE(any.accepted()) << EvidenceFormatName(format);
    EXPECT_TRUE(named.accepted()) << EvidenceFormatName(format);
    EXPECT_EQ(any.verdict.claims, named.verdict.claims) << EvidenceFormatName(format);
    EXPECT_EQ(ClaimNamed(any, "evidence.format").actual, EvidenceFormatName(format));
  }
}

TEST(Appraise, RefusesAnotherFormatThanTheOneWaitedFor) {
  const TestAgent agent;
  Expectation expectation = agent.ExpectSnp();
  expectation.format = EvidenceFormat::kAttest;

  EXPECT_THAT(Failed(AppraiseSnp(agent, expectation)), ElementsAre("evidence.format"));
}

TEST(Appraise, RefusesBytesThatAreNoEvidence) {
  const TestAgent agent;
  for (const Bytes& bytes :
       {samples::FromText("{}"), samples::FromText("<html>"), samples::Filled(1, 0x0a),
        samples::Filled(1184, 0), samples::Filled((4 << 20) + 1, 0x0a)}) {
    const Appraisal appraisal = Appraise(bytes, agent.ExpectSnp(), agent.Root(), kNow);

    EXPECT_THAT(Failed(appraisal), ElementsAre("evidence.format")) << bytes.size();
    EXPECT_THAT(appraisal.verdict.claims.front().detail, Not(IsEmpty()));
    EXPECT_FALSE(appraisal.accepted());
  }
}

TEST(Appraise, RefusesEvidenceWithoutATeeAndSaysWhy) {
  const TestAgent agent;
  const Bytes sample = samples::Joined({samples::Filled(64), samples::Filled(32)});
  const std::vector<std::pair<Bytes, NoTee>> cases = {
      {{}, NoTee::kNothingSent}, {samples::CborToken("NoCC", sample), NoTee::kNoCc}};
  for (const auto& [bytes, why] : cases) {
    const Appraisal appraisal = Appraise(bytes, agent.ExpectSnp(), agent.Root(), kNow);

    EXPECT_THAT(Failed(appraisal), ElementsAre("evidence.tee"));
    EXPECT_EQ(appraisal.verdict.failures().front().actual, NoTeeReason(why));
    EXPECT_FALSE(appraisal.accepted());
  }
}

TEST(Appraise, RefusesEvidenceWithoutATeeUnderAPolicyThatDemandsLittle) {
  const TestAgent agent;
  Expectation expectation = agent.ExpectSnp();
  expectation.policy = {};
  expectation.policy.tpm = vtpm::Policy{};
  expectation.policy.tpm->require_bound_key = false;

  const Appraisal appraisal = Appraise(Bytes{}, expectation, agent.Root(), kNow);

  EXPECT_THAT(Failed(appraisal), ElementsAre("evidence.tee"));
}

TEST(Appraise, RefusesAReportForAnotherCertificateFile) {
  const TestAgent agent;
  Expectation expectation = agent.ExpectSnp();
  // The same certificate in a file that ends otherwise is another challenge.
  const Bytes longer = samples::Joined({agent.certificate, samples::FromText("\n")});
  expectation.challenge = ChallengeOfCertificate(longer).value();

  const Appraisal appraisal = AppraiseSnp(agent, expectation);

  ASSERT_THAT(Failed(appraisal), ElementsAre("binding.report-data"));
  const Claim claim = appraisal.verdict.failures().front();
  EXPECT_EQ(claim.expected, crypto::HexEncode(ReportDataForCertificate(longer)));
  EXPECT_EQ(claim.actual, crypto::HexEncode(ReportDataForCertificate(agent.certificate)));
  EXPECT_THAT(claim.detail, HasSubstr("another challenge"));
}

TEST(Appraise, RefusesAnotherCvmsEvidence) {
  const TestAgent agent;
  TestAgent other;
  other.certificate = samples::FromText("-----BEGIN CERTIFICATE-----\ntwo\n");

  const Appraisal appraisal = Appraise(other.SevSnp(), agent.ExpectSnp(), agent.Root(), kNow);

  EXPECT_THAT(Failed(appraisal), ElementsAre("binding.report-data"));
}

TEST(Appraise, RefusesReportDataThatIsOffByOneBit) {
  TestAgent agent;
  const ReportData good = ReportDataForCertificate(agent.certificate);
  for (const std::size_t at : {std::size_t{0}, std::size_t{31}, std::size_t{63}}) {
    agent.report_data = good;
    (*agent.report_data)[at] ^= std::byte{0x80};

    EXPECT_THAT(Failed(AppraiseSnp(agent, agent.ExpectSnp())), ElementsAre("binding.report-data"));
  }
}

TEST(Appraise, TakesNoncesOfARequestInPlaceOfTheFile) {
  TestAgent agent;
  const Bytes nonce = samples::Filled(48, 5);
  agent.report_data = PadReportData(nonce).value();
  Expectation expectation = agent.ExpectSnp();
  expectation.challenge = ChallengeOfNonces(nonce, {}).value();

  EXPECT_TRUE(AppraiseSnp(agent, expectation).accepted());

  expectation.challenge = ChallengeOfNonces(samples::Filled(48, 6), {}).value();
  EXPECT_THAT(Failed(AppraiseSnp(agent, expectation)), ElementsAre("binding.report-data"));
}

TEST(Appraise, RefusesAnotherMeasurement) {
  TestAgent agent;
  const Expectation expectation = agent.ExpectSnp();
  agent.platform.report[snp::testing::kMeasurementAt] ^= std::byte{1};

  EXPECT_THAT(Failed(AppraiseSnp(agent, expectation)), ElementsAre("snp.measurement"));
}

TEST(Appraise, RefusesAGuestOpenToDebuggingUnlessThePolicyAllowsIt) {
  TestAgent agent;
  snp::testing::PutU64(agent.platform.report, snp::testing::kPolicyAt, 0xB0000);
  Expectation expectation = agent.ExpectSnp();

  EXPECT_THAT(Failed(AppraiseSnp(agent, expectation)), ElementsAre("snp.guest-policy.debug"));

  expectation.policy.snp->guest_policy.allow_debug = true;
  EXPECT_THAT(Failed(AppraiseSnp(agent, expectation)), ElementsAre("policy"));
  expectation.policy.profile = policy::Profile::kDebug;
  EXPECT_TRUE(AppraiseSnp(agent, expectation).accepted());
}

TEST(Appraise, RefusesAReportOfAnotherVmpl) {
  const TestAgent agent;
  Expectation expectation = agent.ExpectSnp();
  expectation.policy.snp->vmpl = 2;

  EXPECT_THAT(Failed(AppraiseSnp(agent, expectation)), ElementsAre("snp.vmpl"));
  expectation.policy.snp->vmpl = 1;
  EXPECT_TRUE(AppraiseSnp(agent, expectation).accepted());
}

TEST(Appraise, RefusesAReportWhereThePolicyDemandsAQuote) {
  const TestAgent agent;
  Expectation expectation = agent.ExpectSnp();
  expectation.policy.snp.reset();
  expectation.policy.tdx = tdx::Policy{};

  const Appraisal appraisal = AppraiseSnp(agent, expectation);

  EXPECT_THAT(Failed(appraisal), ElementsAre("tdx.evidence"));
  EXPECT_EQ(ClaimNamed(appraisal, "snp.evidence").outcome, Outcome::kUnchecked);
  EXPECT_EQ(ClaimNamed(appraisal, "binding.report-data").outcome, Outcome::kUnchecked);
}

TEST(Appraise, TellsTheLabelsOfATokenWhateverTheySay) {
  const TestAgent agent;

  const Appraisal appraisal =
      Appraise(samples::CborToken("SNP", agent.SevSnp()), agent.ExpectSnp(), agent.Root(), kNow);

  // The token's nonce is not the challenge's and its time is long gone.
  EXPECT_TRUE(appraisal.accepted());
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"token.platform", "SNP"},
           {"token.issuer", "issuer"},
           {"token.issued-at", "1000"},
           {"token.expires-at", "1300"},
           {"token.nonce", crypto::HexEncode(samples::Filled(32, 9))}}) {
    EXPECT_EQ(ClaimNamed(appraisal, name).actual, text);
    EXPECT_EQ(ClaimNamed(appraisal, name).outcome, Outcome::kUnchecked) << name;
  }
}

TEST(Appraise, RefusesATokenThatNamesAnotherPlatformThanItsEvidence) {
  const TestAgent agent;
  for (const char* platform : {"TDX", "vTPM", "SNP-vTPM", "Azure", "NoCC"}) {
    const Appraisal appraisal = Appraise(samples::CborToken(platform, agent.SevSnp()),
                                         agent.ExpectSnp(), agent.Root(), kNow);
    EXPECT_THAT(Failed(appraisal), ElementsAre("evidence.format")) << platform;
  }
}

TEST(Appraise, GivesTheSameForEvidenceThatWasDecodedBefore) {
  const TestAgent agent;
  AgentEvidence decoded;
  decoded.format = EvidenceFormat::kSnpRaw;
  decoded.snp = SnpEvidence{agent.SignedReport(false), agent.Certificates()};

  EXPECT_TRUE(Appraise(decoded, agent.ExpectSnp(), agent.Root(), kNow).accepted());
}

TEST(Appraise, DemandsOfEvidenceWithoutPolicyThatEveryPartVerifies) {
  AgentEvidence evidence;
  EXPECT_FALSE(DemandsOf(evidence).snp || DemandsOf(evidence).tdx || DemandsOf(evidence).tpm);
  evidence.snp = SnpEvidence{};
  evidence.tpm = TpmEvidence{};
  EXPECT_TRUE(DemandsOf(evidence).snp);
  EXPECT_TRUE(DemandsOf(evidence).tpm->require_bound_key);
  EXPECT_FALSE(DemandsOf(evidence).tpm->require_event_log);
  evidence.tpm->event_log = samples::Filled(1);
  EXPECT_TRUE(DemandsOf(evidence).tpm->require_event_log);
  evidence.tdx = TdxEvidence{};
  EXPECT_TRUE(DemandsOf(evidence).tdx->require_collateral);
}

}  // namespace
}  // namespace cocos::attestation::appraisal::testing
