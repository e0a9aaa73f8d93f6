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

TEST(Verdict, FailsByOneClaimWhereverItStands) {
  for (std::size_t at = 0; at < 4; ++at) {
    Verdict verdict{std::vector<Claim>(4, Passed())};
    ASSERT_TRUE(verdict.passed());
    verdict.claims[at] = Failed();
    EXPECT_FALSE(verdict.passed()) << at;
  }
}

TEST(Verdict, IsNotSavedByWhatPassedAfterAFailure) {
  Verdict verdict{{Failed()}};
  verdict.Append(std::vector<Claim>(10, Passed()));

  EXPECT_FALSE(verdict.passed());
}

TEST(Verdict, OfFailuresAloneDoesNotPass) { EXPECT_FALSE(Verdict{{Failed()}}.passed()); }

TEST(Verdict, KeepsClaimsInTheOrderTheyWereChecked) {
  Verdict verdict;
  verdict.Add(Told("first", "", ""));
  verdict.Append({Told("second", "", ""), Told("third", "", "")});
  verdict.Append({});
  verdict.Add(Told("fourth", "", ""));

  std::vector<std::string> names;
  for (const Claim& claim : verdict.claims) names.push_back(claim.name);
  EXPECT_THAT(names, ::testing::ElementsAre("first", "second", "third", "fourth"));
}

TEST(Verdict, GivesItsFailuresWhole) {
  const Claim first = Expect("x", false, "1", "2", "spec 1");
  const Claim second = FailedWith("y", Error(ErrorCode::kMalformed, "cut"), "spec 2");
  const Verdict verdict{{first, Passed(), second, Told("fact", "v", "s")}};

  EXPECT_THAT(verdict.failures(), ::testing::ElementsAre(first, second));
  EXPECT_THAT((Verdict{{Passed()}}).failures(), ::testing::IsEmpty());
}

TEST(Claim, SaysWhatItExpectedAndWhatItSawAlsoWhenItHolds) {
  const Claim holds = Expect("snp.vmpl", true, "0", "0", "AMD 56860");
  EXPECT_EQ(holds, (Claim{.name = "snp.vmpl",
                          .expected = "0",
                          .actual = "0",
                          .outcome = Outcome::kPassed,
                          .source = "AMD 56860",
                          .detail = ""}));

  const Claim fails = Expect("snp.vmpl", false, "0", "2", "AMD 56860");
  EXPECT_EQ(fails.outcome, Outcome::kFailed);
  EXPECT_EQ(fails.expected, "0");
  EXPECT_EQ(fails.actual, "2");
}

TEST(Claim, IsDecidedByTheConditionAndNotByTheTexts) {
  EXPECT_EQ(Expect("x", false, "same", "same", "s").outcome, Outcome::kFailed);
  EXPECT_EQ(Expect("x", true, "at least 3", "5", "s").outcome, Outcome::kPassed);
}

TEST(Claim, WithoutAnExpectationIsToldAndNotJudged) {
  const Claim told = Told("tpm.firmware", "7.2", "TCG");

  EXPECT_EQ(told.outcome, Outcome::kUnchecked);
  EXPECT_EQ(told.expected, "");
  EXPECT_EQ(told.actual, "7.2");
  EXPECT_EQ(told.source, "TCG");
}

TEST(Claim, OfBytesFailsByAnyBitOfThem) {
  const std::vector<std::byte> expected(48, std::byte{0xa5});
  ASSERT_EQ(ExpectBytes("x", expected, expected, "s").outcome, Outcome::kPassed);
  for (std::size_t bit = 0; bit < 8 * expected.size(); ++bit) {
    std::vector<std::byte> actual = expected;
    actual[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_EQ(ExpectBytes("x", expected, actual, "s").outcome, Outcome::kFailed) << bit;
  }
}

TEST(Claim, OfBytesFailsByAnotherLength) {
  const std::vector<std::byte> bytes(48);
  for (const std::size_t size : {0u, 1u, 47u}) {
    const std::span<const std::byte> part = std::span(bytes).first(size);
    EXPECT_EQ(ExpectBytes("x", bytes, part, "s").outcome, Outcome::kFailed) << size;
    EXPECT_EQ(ExpectBytes("x", part, bytes, "s").outcome, Outcome::kFailed) << size;
  }
}

// Whoever expects nothing has checked nothing, but says so: two empty strings are the same.
TEST(Claim, OfNoBytesHolds) {
  EXPECT_EQ(ExpectBytes("x", {}, {}, "s").outcome, Outcome::kPassed);
  EXPECT_EQ(ExpectBytes("x", {}, {}, "s").expected, "");
}

TEST(Claim, ShowsBytesInLowerCase) {
  const std::vector<std::byte> bytes = {std::byte{0x00}, std::byte{0xAB}, std::byte{0xff}};
  EXPECT_EQ(ExpectBytes("x", bytes, bytes, "s").actual, "00abff");
}

TEST(Claim, FromAnErrorExpectsNothing) {
  const Claim claim = FailedWith("x", Error(ErrorCode::kMalformed, "cut"), "spec 7");

  EXPECT_EQ(claim, (Claim{.name = "x",
                          .expected = "",
                          .actual = "",
                          .outcome = Outcome::kFailed,
                          .source = "spec 7",
                          .detail = "cut"}));
}

TEST(Claim, IsUncheckedUntilSomebodyJudges) { EXPECT_EQ(Claim{}.outcome, Outcome::kUnchecked); }

TEST(Claim, DiffersFromAnotherByEachOfItsParts) {
  const Claim claim{"n", "e", "a", Outcome::kPassed, "s", "d"};
  for (std::string Claim::*part :
       {&Claim::name, &Claim::expected, &Claim::actual, &Claim::source, &Claim::detail}) {
    Claim other = claim;
    ASSERT_EQ(other, claim);
    other.*part += "x";
    EXPECT_NE(other, claim);
  }
  Claim other = claim;
  other.outcome = Outcome::kFailed;
  EXPECT_NE(other, claim);
}

TEST(Outcome, HasTheNameThatProgramsRead) {
  EXPECT_EQ(OutcomeName(Outcome::kPassed), "passed");
  EXPECT_EQ(OutcomeName(Outcome::kFailed), "failed");
  EXPECT_EQ(OutcomeName(Outcome::kUnchecked), "unchecked");
}

}  // namespace
}  // namespace cocos::attestation
