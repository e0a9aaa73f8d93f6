#include "attestation/claims/claim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/digest.h"

namespace cocos::attestation {
namespace {

using crypto::BytesOf;

Claim Passed() { return Expect("a", true, "1", "1", "spec 1"); }
Claim Failed() { return Expect("b", false, "1", "2", "spec 2"); }

TEST(Verdict, WithoutAPassedClaimDoesNotPass) {
  EXPECT_FALSE(Verdict{}.passed());
  EXPECT_FALSE(Verdict{{Told("fact", "value", "spec")}}.passed());
}

TEST(Verdict, PassesWhenNoneFailed) {
  EXPECT_TRUE((Verdict{{Passed(), Told("fact", "value", "spec")}}).passed());
  EXPECT_FALSE((Verdict{{Passed(), Failed(), Passed()}}).passed());
}

TEST(Verdict, NamesWhatFailed) {
  Verdict verdict;
  verdict.Add(Passed());
  verdict.Append({Failed(), Failed()});

  ASSERT_EQ(verdict.failures().size(), 2u);
  EXPECT_EQ(verdict.failures().front().name, "b");
}

TEST(Claim, ComparesBytesAndShowsThemAsHex) {
  const Claim same = ExpectBytes("x", BytesOf("ab"), BytesOf("ab"), "spec");
  EXPECT_EQ(same.outcome, Outcome::kPassed);
  EXPECT_EQ(same.expected, "6162");

  const Claim other = ExpectBytes("x", BytesOf("ab"), BytesOf("ac"), "spec");
  EXPECT_EQ(other.outcome, Outcome::kFailed);
  EXPECT_EQ(other.actual, "6163");
  EXPECT_EQ(ExpectBytes("x", BytesOf("ab"), BytesOf("abc"), "spec").outcome, Outcome::kFailed);
}

TEST(Claim, CarriesAnErrorAsItsDetail) {
  const Claim claim = FailedWith("x", Error(ErrorCode::kUntrusted, "no good"), "spec");

  EXPECT_EQ(claim.outcome, Outcome::kFailed);
  EXPECT_EQ(claim.detail, "no good");
}

}  // namespace
}  // namespace cocos::attestation
