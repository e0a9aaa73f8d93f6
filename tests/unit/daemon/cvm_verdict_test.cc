#include "daemon/cvm_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cocos::daemon {
namespace {

using attestation::Claim;
using attestation::Outcome;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

const Claim kSigned{.name = "snp.signature", .outcome = Outcome::kPassed};
const Claim kOther{
    .name = "snp.measurement", .expected = "aa", .actual = "bb", .outcome = Outcome::kFailed};

PolicyVerdict Part(const std::string& policy, std::vector<Claim> claims) {
  return {policy, {.verdict = {std::move(claims)}, .missing = ""}};
}
PolicyVerdict Lacking(const std::string& policy) {
  return {policy, {.verdict = {}, .missing = "a VCEK"}};
}

TEST(CvmVerdict, AcceptsWhatAllPoliciesAccept) {
  const CvmVerdict verdict{{Part("as captured", {kSigned}), Part("class policy /p", {kSigned})}};

  EXPECT_TRUE(verdict.accepted());
  EXPECT_EQ(verdict.Summary(), "verified");
}

TEST(CvmVerdict, RefusesWhatOneOfThemRefuses) {
  const CvmVerdict by_class{{Part("as captured", {kSigned}), Part("class policy /p", {kOther})}};
  const CvmVerdict by_capture{{Part("as captured", {kOther}), Part("class policy /p", {kSigned})}};

  EXPECT_FALSE(by_class.accepted());
  EXPECT_EQ(by_class.Summary(), "class policy /p: snp.measurement: expected aa, was bb");
  EXPECT_FALSE(by_capture.accepted());
  EXPECT_EQ(by_capture.Summary(), "snp.measurement: expected aa, was bb");
}

TEST(CvmVerdict, AcceptsNothingWithoutPolicyOrClaim) {
  EXPECT_FALSE(CvmVerdict{}.accepted());
  EXPECT_FALSE(
      (CvmVerdict{{Part("as captured", {kSigned}), Part("class policy /p", {})}}).accepted());
}

TEST(CvmVerdict, SaysWhatIsMissing) {
  const CvmVerdict verdict{{Part("as captured", {kSigned}), Lacking("class policy /p")}};

  EXPECT_FALSE(verdict.accepted());
  EXPECT_EQ(verdict.missing(), "a VCEK");
  EXPECT_THAT(verdict.Summary(), StartsWith("missing collateral"));
}

TEST(CvmVerdict, LetsARefusalStandBesideWhatIsMissing) {
  const CvmVerdict verdict{{Lacking("as captured"), Part("class policy /p", {kOther})}};

  EXPECT_FALSE(verdict.accepted());
  EXPECT_EQ(verdict.missing(), "");
  EXPECT_THAT(verdict.Summary(), HasSubstr("snp.measurement"));
}

TEST(CvmVerdict, TellsAClaimThatBothMakeOnce) {
  const CvmVerdict verdict{
      {Part("as captured", {kSigned}), Part("class policy /p", {kSigned, kOther})}};

  EXPECT_THAT(verdict.Claims().claims, SizeIs(2));
}

}  // namespace
}  // namespace cocos::daemon
