// Which parts a policy demands and which evidence is there: all combinations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "attestation/policy/evaluate.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_policies.h"
#include "unit/attestation/snp/test_platform.h"
#include "unit/attestation/tdx/test_platform.h"
#include "unit/attestation/vtpm/good_quote.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

enum class Evidence { kAbsent, kGood, kOther, kUnverified };
constexpr Evidence kAll[] = {Evidence::kAbsent, Evidence::kGood, Evidence::kOther,
                             Evidence::kUnverified};

tl::unexpected<Error> Refused(std::string_view name) {
  return Fail(ErrorCode::kUntrusted, "{}: signature does not verify", name);
}

const snp::VerifiedReport& Report() {
  static const snp::VerifiedReport report =
      snp::testing::TestPlatform(snp::Product::kMilan).VerifyAll().value();
  return report;
}

const tdx::VerifiedQuote& Quote() {
  static const tdx::VerifiedQuote quote = [] {
    const tdx::TestPlatform platform;
    return VerifyQuote(platform.Quote(), platform.Collateral(), platform.Anchors(), platform.now)
        .value();
  }();
  return quote;
}

const vtpm::VerifiedTpmQuote& TpmQuote() {
  static const vtpm::VerifiedTpmQuote quote = vtpm::testing::GoodQuote().Verify().value();
  return quote;
}

// One case: what is demanded and what is there of each part. Evidence of kOther is good, but not
// of what the policy expects.
struct Case {
  bool demanded[3];
  Evidence evidence[3];

  Policy MakePolicy() const {
    Policy policy = {.profile = Profile::kDebug};
    if (demanded[0]) {
      policy.snp.emplace().measurements = {Report().report().measurement};
      if (evidence[0] == Evidence::kOther) policy.snp->measurements = {Octets<48>(0x77)};
    }
    if (demanded[1]) {
      policy.tdx.emplace().mr_td = {tdx::GoodTdReport().mr_td};
      if (evidence[1] == Evidence::kOther) policy.tdx->mr_td = {Octets<48>(0x77)};
    }
    if (demanded[2]) {
      policy.tpm.emplace().expected_pcrs = TpmQuote().pcrs();
      if (evidence[2] == Evidence::kOther) policy.tpm->expected_pcrs.begin()->second[9] = Zeros();
    }
    return policy;
  }
  VerifiedParts MakeParts() const {
    VerifiedParts parts;
    if (evidence[0] == Evidence::kUnverified) {
      parts.snp = Refused("report");
    } else if (evidence[0] != Evidence::kAbsent) {
      parts.snp = Report();
    }
    if (evidence[1] == Evidence::kUnverified) {
      parts.tdx = Refused("quote");
    } else if (evidence[1] != Evidence::kAbsent) {
      parts.tdx = Quote();
    }
    if (evidence[2] == Evidence::kUnverified) {
      parts.tpm = Refused("quotes");
    } else if (evidence[2] != Evidence::kAbsent) {
      parts.tpm = VerifiedTpm{.quotes = {TpmQuote()}, .event_log = {}, .key_is_bound = true};
    }
    return parts;
  }

  static std::vector<std::byte> Zeros() { return std::vector<std::byte>(32); }
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (unsigned demands = 1; demands < 8; ++demands) {
    for (const Evidence snp : kAll) {
      for (const Evidence tdx : kAll) {
        for (const Evidence tpm : kAll) {
          cases.push_back(
              {{(demands & 1) != 0, (demands & 2) != 0, (demands & 4) != 0}, {snp, tdx, tpm}});
        }
      }
    }
  }
  return cases;
}

constexpr std::string_view kPrefixes[] = {"snp.", "tdx.", "tpm."};

std::vector<Claim> ClaimsOf(const Verdict& verdict, std::string_view prefix) {
  std::vector<Claim> claims;
  for (const Claim& claim : verdict.claims) {
    if (claim.name.starts_with(prefix)) claims.push_back(claim);
  }
  return claims;
}

TEST(EvaluateParts, PassIfAndOnlyIfEveryDemandedPartIsThereAndGood) {
  for (const Case& one : AllCases()) {
    bool wanted = true;
    for (int part = 0; part < 3; ++part) {
      if (one.demanded[part] && one.evidence[part] != Evidence::kGood) wanted = false;
    }
    EXPECT_EQ(Evaluate(one.MakePolicy(), one.MakeParts()).passed(), wanted);
  }
}

TEST(EvaluateParts, AreToldInTheirOrderAndNothingElseIs) {
  for (const Case& one : AllCases()) {
    const Verdict verdict = Evaluate(one.MakePolicy(), one.MakeParts());
    std::vector<Claim> in_order;
    for (const std::string_view prefix : kPrefixes) {
      const std::vector<Claim> claims = ClaimsOf(verdict, prefix);
      in_order.insert(in_order.end(), claims.begin(), claims.end());
    }
    EXPECT_EQ(in_order, verdict.claims);
  }
}

// One part of one case: the claims there should be.
void ExpectClaims(bool demanded, Evidence evidence, const std::vector<Claim>& claims,
                  std::string_view prefix) {
  const std::string name = std::string(prefix) + "evidence";
  if (!demanded && evidence == Evidence::kAbsent) {
    EXPECT_THAT(claims, IsEmpty());
    return;
  }
  if (!demanded) {
    ASSERT_EQ(claims.size(), 1U);
    EXPECT_EQ(claims[0].name, name);
    EXPECT_EQ(claims[0].outcome, Outcome::kUnchecked);
    EXPECT_EQ(claims[0].actual, "present, not demanded");
    return;
  }
  if (evidence == Evidence::kGood || evidence == Evidence::kOther) {
    EXPECT_GT(claims.size(), 5U);
    for (const Claim& claim : claims) EXPECT_NE(claim.name, name);
    return;
  }
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].name, name);
  EXPECT_EQ(claims[0].outcome, Outcome::kFailed);
  if (evidence == Evidence::kAbsent) {
    EXPECT_EQ(claims[0].expected, "present");
    EXPECT_EQ(claims[0].actual, "absent");
  } else {
    EXPECT_THAT(claims[0].detail, HasSubstr("signature does not verify"));
  }
}

TEST(EvaluateParts, EachHaveTheClaimsOfWhatIsDemandedAndThere) {
  for (const Case& one : AllCases()) {
    const Verdict verdict = Evaluate(one.MakePolicy(), one.MakeParts());
    for (int part = 0; part < 3; ++part) {
      ExpectClaims(one.demanded[part], one.evidence[part], ClaimsOf(verdict, kPrefixes[part]),
                   kPrefixes[part]);
    }
  }
}

TEST(EvaluateParts, FailOneClaimForOneWrongValue) {
  const std::string names[] = {"snp.measurement", "tdx.mr-td", "tpm.pcr.sha256.9"};
  for (int part = 0; part < 3; ++part) {
    Case one = {{true, true, true}, {Evidence::kGood, Evidence::kGood, Evidence::kGood}};
    one.evidence[part] = Evidence::kOther;
    const Verdict verdict = Evaluate(one.MakePolicy(), one.MakeParts());
    ASSERT_EQ(verdict.failures().size(), 1U);
    EXPECT_EQ(verdict.failures()[0].name, names[part]);
  }
}

TEST(EvaluateParts, CiteTheSectionForWhatIsAbsent) {
  const Verdict verdict = Evaluate(SmallSnp(), {});

  EXPECT_EQ(verdict.failures().at(0).source, "RFC 9334 section 8.4");
}

TEST(EvaluateParts, OfARefusedPolicyAreNotLookedAt) {
  const Case good = {{true, true, true}, {Evidence::kGood, Evidence::kGood, Evidence::kGood}};
  const auto refuse = [&](const std::function<void(Policy&)>& spoil, std::string_view why) {
    Policy policy = good.MakePolicy();
    spoil(policy);
    const Verdict verdict = Evaluate(policy, good.MakeParts());
    ASSERT_EQ(verdict.claims.size(), 1U);
    EXPECT_EQ(verdict.claims[0].name, "policy");
    EXPECT_EQ(verdict.claims[0].outcome, Outcome::kFailed);
    EXPECT_THAT(verdict.claims[0].detail, HasSubstr(std::string(why)));
    EXPECT_FALSE(verdict.passed());
  };
  refuse([](Policy& p) { p.name = "a\n"; }, "name");
  refuse([](Policy& p) { p.name = "\xff"; }, "UTF-8");
  refuse([](Policy& p) { p.tpm->accepted_digests.clear(); }, "tpm.accepted_digests");
  refuse([](Policy& p) { p.tpm->accepted_digests.insert(crypto::DigestAlgorithm::kSha1); },
         "SHA-1");
  refuse([](Policy& p) { p.tpm->expected_pcrs.begin()->second[24] = Case::Zeros(); }, "sha256.24");
  refuse([](Policy& p) { p.tdx->accepted_tcb_statuses.clear(); }, "tdx.accepted_tcb_statuses");
  refuse([](Policy& p) { p.tdx->accepted_tcb_statuses.insert(tdx::TcbStatus::kRevoked); },
         "Revoked");
  refuse([](Policy& p) { p.tdx->accepted_advisories = {"a b"}; }, "tdx.accepted_advisories");
  refuse(
      [](Policy& p) {
        p.profile = Profile::kProduction;
        p.snp->guest_policy.allow_debug = true;
      },
      "snp.guest_policy.allow_debug");
  refuse(
      [](Policy& p) {
        p.profile = Profile::kProduction;
        p.tdx->allow_debug = true;
      },
      "tdx.allow_debug");
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
