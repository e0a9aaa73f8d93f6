#include "attestation/claims/claim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

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

TEST(Verdict, KeepsItsClaimsInTheirOrder) {
  Verdict verdict;
  verdict.Append({Passed(), Failed()});
  verdict.Add(Told("fact", "value", "spec"));
  verdict.Append({});

  ASSERT_EQ(verdict.claims.size(), 3u);
  EXPECT_EQ(verdict.claims[0], Passed());
  EXPECT_EQ(verdict.claims[1], Failed());
  EXPECT_EQ(verdict.claims[2], Told("fact", "value", "spec"));
}

// Every verdict of up to four claims, against the rule said another way.
TEST(Verdict, PassesForNoOtherMixture) {
  const std::array kinds = {Passed(), Failed(), Told("fact", "value", "spec")};
  for (std::size_t count = 0; count <= 4; ++count) {
    std::size_t mixtures = 1;
    for (std::size_t i = 0; i < count; ++i) mixtures *= kinds.size();
    for (std::size_t mixture = 0; mixture < mixtures; ++mixture) {
      Verdict verdict;
      std::array<std::size_t, 3> numbers{};
      for (std::size_t i = 0, rest = mixture; i < count; ++i, rest /= kinds.size()) {
        verdict.Add(kinds[rest % kinds.size()]);
        ++numbers[rest % kinds.size()];
      }
      EXPECT_EQ(verdict.passed(), numbers[0] > 0 && numbers[1] == 0) << mixture;
      EXPECT_EQ(verdict.failures().size(), numbers[1]) << mixture;
    }
  }
}

TEST(Claim, OfEmptyBytesIsOneOfNothing) {
  EXPECT_EQ(ExpectBytes("x", {}, {}, "spec").outcome, Outcome::kPassed);
  EXPECT_EQ(ExpectBytes("x", BytesOf("a"), {}, "spec").outcome, Outcome::kFailed);
  EXPECT_EQ(ExpectBytes("x", {}, BytesOf("a"), "spec").outcome, Outcome::kFailed);
}

TEST(Claim, FailsForEveryOtherByte) {
  const std::string expected(48, 'e');
  for (std::size_t at = 0; at < expected.size(); ++at) {
    for (unsigned value = 0; value < 256; ++value) {
      std::string actual = expected;
      actual[at] = static_cast<char>(value);
      const Claim claim = ExpectBytes("x", BytesOf(expected), BytesOf(actual), "spec");
      ASSERT_EQ(claim.outcome, actual == expected ? Outcome::kPassed : Outcome::kFailed);
    }
  }
}

TEST(Claim, SaysWhereItComesFrom) {
  EXPECT_EQ(Passed().source, "spec 1");
  EXPECT_EQ(ExpectBytes("x", {}, {}, "spec 3").source, "spec 3");
  EXPECT_EQ(Told("x", "y", "spec 4").source, "spec 4");
  EXPECT_EQ(FailedWith("x", Error(ErrorCode::kUntrusted, "no"), "spec 5").source, "spec 5");
}

TEST(Claim, ThatIsToldIsNotJudged) {
  const Claim told = Told("x", "y", "spec");

  EXPECT_EQ(told.outcome, Outcome::kUnchecked);
  EXPECT_EQ(told.expected, "");
  EXPECT_EQ(told.actual, "y");
}

TEST(OutcomeName, IsOneWord) {
  EXPECT_EQ(OutcomeName(Outcome::kPassed), "passed");
  EXPECT_EQ(OutcomeName(Outcome::kFailed), "failed");
  EXPECT_EQ(OutcomeName(Outcome::kUnchecked), "unchecked");
}

TEST(Claim, CarriesAnErrorAsItsDetail) {
  const Claim claim = FailedWith("x", Error(ErrorCode::kUntrusted, "no good"), "spec");

  EXPECT_EQ(claim.outcome, Outcome::kFailed);
  EXPECT_EQ(claim.detail, "no good");
}

}  // namespace
}  // namespace cocos::attestation
