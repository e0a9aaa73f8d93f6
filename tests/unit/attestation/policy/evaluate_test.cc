#include "attestation/policy/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/attestation/policy/sample_policies.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

auto NamedClaim(std::string_view name, Outcome outcome) {
  return ::testing::AllOf(Field(&Claim::name, std::string(name)), Field(&Claim::outcome, outcome));
}

tl::unexpected<Error> Untrusted() {
  return Fail(ErrorCode::kUntrusted, "signature: not by this key");
}

TEST(Evaluate, FailsADemandedPartWithoutEvidence) {
  Policy snp = SmallSnp();
  snp.tpm = FullTpm();

  EXPECT_THAT(Evaluate(snp, {}).claims, ElementsAre(NamedClaim("snp.evidence", Outcome::kFailed),
                                                    NamedClaim("tpm.evidence", Outcome::kFailed)));
  EXPECT_THAT(Evaluate(SmallTdx(), {}).claims,
              ElementsAre(NamedClaim("tdx.evidence", Outcome::kFailed)));
  EXPECT_FALSE(Evaluate(snp, {}).passed());
}

TEST(Evaluate, FailsADemandedPartThatDidNotVerifyAndSaysWhy) {
  Policy policy = SmallSnp();
  policy.tdx = SmallTdx().tdx;
  policy.tpm = FullTpm();
  const VerifiedParts parts = {.snp = Untrusted(), .tdx = Untrusted(), .tpm = Untrusted()};

  const Verdict verdict = Evaluate(policy, parts);

  ASSERT_THAT(verdict.claims, ElementsAre(NamedClaim("snp.evidence", Outcome::kFailed),
                                          NamedClaim("tdx.evidence", Outcome::kFailed),
                                          NamedClaim("tpm.evidence", Outcome::kFailed)));
  EXPECT_THAT(verdict.claims[0].detail, HasSubstr("not by this key"));
  EXPECT_FALSE(verdict.passed());
}

TEST(Evaluate, TellsEvidenceThatIsNotDemandedAndLetsItPassNothing) {
  const VerifiedParts parts = {.snp = Untrusted(), .tpm = VerifiedTpm{}};

  const Verdict verdict = Evaluate(SmallTdx(), parts);

  EXPECT_THAT(verdict.claims, ElementsAre(NamedClaim("snp.evidence", Outcome::kUnchecked),
                                          NamedClaim("tdx.evidence", Outcome::kFailed),
                                          NamedClaim("tpm.evidence", Outcome::kUnchecked)));
  EXPECT_FALSE(verdict.passed());
}

TEST(Evaluate, LetsTheModuleJudgeEvidenceThatVerified) {
  const VerifiedParts parts = {.tpm = VerifiedTpm{}};  // a vTPM that sent no quote

  const Verdict verdict = Evaluate({.tpm = FullTpm()}, parts);

  ASSERT_FALSE(verdict.claims.empty());
  EXPECT_EQ(verdict.claims.front().name, "tpm.quotes");
  EXPECT_FALSE(verdict.passed());
}

TEST(Evaluate, PassesNothingUnderAPolicyThatIsRefused) {
  Policy debug = SmallSnp();
  debug.snp->guest_policy.allow_debug = true;

  EXPECT_THAT(Evaluate(debug, {}).claims, ElementsAre(NamedClaim("policy", Outcome::kFailed)));
  EXPECT_THAT(Evaluate({}, {}).claims, ElementsAre(NamedClaim("policy", Outcome::kFailed)));
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
