// Every demand of a policy by itself: it fails alone, and its claim says what was wanted and found.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "attestation/tdx/tcb_status.h"
#include "attestation/tdx/verify.h"
#include "outcome.h"
#include "support/result_matchers.h"

namespace cocos::attestation::tdx {
namespace {

using enum TcbStatus;
using ::testing::HasSubstr;
using Names = std::vector<std::string>;

Names Failures(const VerifiedQuote& quote, const Policy& policy) {
  Names names;
  for (const Claim& claim : Verdict{CheckPolicy(quote, policy)}.failures()) {
    names.push_back(claim.name);
  }
  return names;
}

Claim ClaimNamed(const VerifiedQuote& quote, const Policy& policy, std::string_view name) {
  const std::vector<Claim> claims = CheckPolicy(quote, policy);
  const auto found = std::ranges::find(claims, name, &Claim::name);
  if (found != claims.end()) return *found;
  ADD_FAILURE() << "no claim " << name;
  return {};
}

// One quote for many policies; those tests alone that need another make one.
class TdxPolicyDemand : public ::testing::Test {
 protected:
  // The value of the quote, then each of its bytes changed.
  template <std::size_t N>
  void ExpectExact(const std::string& name, std::optional<std::array<std::byte, N>>& demand,
                   const std::array<std::byte, N>& actual) {
    demand = actual;
    EXPECT_EQ(Failures(quote_, policy_), Names{}) << name;
    for (std::size_t i = 0; i < N; ++i) {
      demand = actual;
      (*demand)[i] ^= std::byte{0x01};
      EXPECT_EQ(Failures(quote_, policy_), Names{name}) << i;
      const Claim claim = ClaimNamed(quote_, policy_, name);
      EXPECT_EQ(claim.expected, crypto::HexEncode(*demand));
      EXPECT_EQ(claim.actual, crypto::HexEncode(actual));
    }
    demand.reset();
  }

  VerifiedQuote quote_ = Verify(TestPlatform()).value();
  Policy policy_;
};

TEST_F(TdxPolicyDemand, OfAnExactValueLooksAtEveryByte) {
  const TdReport& report = quote_.report();
  ExpectExact("tdx.mr-seam", policy_.mr_seam, report.mr_seam);
  ExpectExact("tdx.mr-config-id", policy_.mr_config_id, report.mr_config_id);
  ExpectExact("tdx.mr-owner", policy_.mr_owner, report.mr_owner);
  ExpectExact("tdx.mr-owner-config", policy_.mr_owner_config, report.mr_owner_config);
  ExpectExact("tdx.xfam", policy_.xfam, report.xfam);
  ExpectExact("tdx.report-data", policy_.report_data, report.report_data);
  ExpectExact("tdx.qe-vendor-id", policy_.qe_vendor_id, quote_.quote().header.qe_vendor_id);
  for (std::size_t i = 0; i < 4; ++i) {
    ExpectExact(fmt::format("tdx.rtmr.{}", i), policy_.rtmrs[i], report.rtmrs[i]);
  }
}

TEST_F(TdxPolicyDemand, OfMrTdIsForOneOfAList) {
  const Digest384 actual = quote_.report().mr_td;
  for (const std::size_t size : {1U, 2U, 5U}) {
    for (std::size_t place = 0; place < size; ++place) {
      policy_.mr_td.assign(size, Digest384{});
      EXPECT_EQ(Failures(quote_, policy_), Names{"tdx.mr-td"});
      policy_.mr_td[place] = actual;
      EXPECT_EQ(Failures(quote_, policy_), Names{}) << place << " of " << size;
    }
  }
  for (std::size_t i = 0; i < actual.size(); ++i) {
    policy_.mr_td = {actual, actual};
    policy_.mr_td[0][i] ^= std::byte{0x80};
    policy_.mr_td[1][i] ^= std::byte{0x01};
    EXPECT_EQ(Failures(quote_, policy_), Names{"tdx.mr-td"}) << i;
  }
}

TEST_F(TdxPolicyDemand, OfMrTdSaysWhatWasWanted) {
  policy_.mr_td = {Digest384{}};
  EXPECT_EQ(ClaimNamed(quote_, policy_, "tdx.mr-td").expected, std::string(96, '0'));
  policy_.mr_td = {Digest384{}, Digest384{}, Digest384{}};
  EXPECT_EQ(ClaimNamed(quote_, policy_, "tdx.mr-td").expected, "one of 3 values");
  EXPECT_THAT(ClaimNamed(quote_, policy_, "tdx.mr-td").actual, HasSubstr("2222"));
}

TEST_F(TdxPolicyDemand, OfTheTeeTcbSvnIsForEachByte) {
  const TeeTcbSvn actual = quote_.report().tee_tcb_svn;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    policy_.min_tee_tcb_svn = {};
    policy_.min_tee_tcb_svn[i] = std::byte{actual[i]};
    EXPECT_EQ(Failures(quote_, policy_), Names{}) << i;
    policy_.min_tee_tcb_svn[i] = static_cast<std::byte>(actual[i] + 1);
    EXPECT_EQ(Failures(quote_, policy_), Names{"tdx.tee-tcb-svn"}) << i;
    policy_.min_tee_tcb_svn[i] = std::byte{0xff};
    EXPECT_EQ(Failures(quote_, policy_), Names{"tdx.tee-tcb-svn"}) << i;
  }
}

TEST_F(TdxPolicyDemand, OfTdAttributesIsForEachBitUnderTheMask) {
  const std::array<std::byte, 8> actual = quote_.report().td_attributes;
  for (std::size_t bit = 0; bit < 64; ++bit) {
    const auto flip = static_cast<std::byte>(1 << bit % 8);
    policy_ = {};
    policy_.td_attributes = actual;
    (*policy_.td_attributes)[bit / 8] ^= flip;
    EXPECT_EQ(Failures(quote_, policy_), Names{"tdx.td-attributes"}) << bit;
    policy_.td_attributes_mask[bit / 8] &= ~flip;
    EXPECT_EQ(Failures(quote_, policy_), Names{}) << bit;
  }
}

TEST_F(TdxPolicyDemand, OfTdAttributesNamesValueAndMask) {
  policy_.td_attributes.emplace();
  policy_.td_attributes_mask = {};
  policy_.td_attributes_mask[3] = std::byte{0x10};
  const Claim claim = ClaimNamed(quote_, policy_, "tdx.td-attributes");
  EXPECT_EQ(claim.outcome, Outcome::kFailed);
  EXPECT_EQ(claim.expected, "0000000000000000 under the mask 0000001000000000");
  EXPECT_EQ(claim.actual, "0000001000000000");
}

TEST_F(TdxPolicyDemand, OfTheHeadersSvnsIsAMinimum) {
  // The header's SVNs are zero since version 4, so every minimum fails.
  policy_.min_qe_svn = 1;
  EXPECT_EQ(Failures(quote_, policy_), Names{"tdx.qe-svn"});
  EXPECT_EQ(ClaimNamed(quote_, policy_, "tdx.qe-svn").expected, "at least 1");
  policy_ = {};
  policy_.min_pce_svn = 0xffff;
  EXPECT_EQ(Failures(quote_, policy_), Names{"tdx.pce-svn"});
  EXPECT_EQ(ClaimNamed(quote_, policy_, "tdx.pce-svn").actual, "0");
}

TEST_F(TdxPolicyDemand, OfTheEvaluationDataNumberIsAMinimum) {
  for (const auto& [minimum, failures] :
       {std::pair(0U, Names{}), std::pair(16U, Names{}),
        std::pair(17U, Names{"tdx.tcb-evaluation-data-number"}),
        std::pair(0xffffffffU, Names{"tdx.tcb-evaluation-data-number"})}) {
    policy_.min_tcb_evaluation_data_number = minimum;
    EXPECT_EQ(Failures(quote_, policy_), failures) << minimum;
  }
}

TEST_F(TdxPolicyDemand, MayFailTogetherWithOthersInTheOrderOfTheClaims) {
  policy_.min_qe_svn = 1;
  policy_.mr_seam.emplace();
  policy_.report_data.emplace();
  policy_.accepted_tcb_statuses = {kSwHardeningNeeded};
  policy_.rtmrs[2].emplace();
  EXPECT_EQ(Failures(quote_, policy_), (Names{"tdx.qe-svn", "tdx.tcb-status", "tdx.mr-seam",
                                              "tdx.rtmr.2", "tdx.report-data"}));
}

TEST_F(TdxPolicyDemand, OfCollateralIsMetByAVerifiedOne) {
  policy_.require_collateral = true;
  EXPECT_EQ(Failures(quote_, policy_), Names{});
  EXPECT_EQ(ClaimNamed(quote_, policy_, "tdx.collateral").actual, "verified");
}

// --- Statuses: each that a quote can have against each that a policy can accept.

TestPlatform PlatformWithStatus(TcbStatus status) {
  TestPlatform platform;
  const bool relaunch =
      status == kTdRelaunchAdvised || status == kTdRelaunchAdvisedConfigurationNeeded;
  if (relaunch) {
    platform.quote_version = 5;
    platform.report.tee_tcb_svn = {3, 1, 2};
    platform.report.v15 = TdReport15{.tee_tcb_svn_2 = {4, 1, 2}};
  }
  const TcbStatus level = status == kTdRelaunchAdvised                      ? kUpToDate
                          : status == kTdRelaunchAdvisedConfigurationNeeded ? kConfigurationNeeded
                                                                            : status;
  platform.tcb_info["tcbLevels"][0]["tcbStatus"] = TcbStatusName(level);
  return platform;
}

constexpr TcbStatus kAll[] = {kUpToDate,
                              kSwHardeningNeeded,
                              kConfigurationNeeded,
                              kConfigurationAndSwHardeningNeeded,
                              kOutOfDate,
                              kOutOfDateConfigurationNeeded,
                              kRevoked,
                              kTdRelaunchAdvised,
                              kTdRelaunchAdvisedConfigurationNeeded};

TEST(TdxPolicyStatus, IsAcceptedWhereItIsListedUnlessRevoked) {
  for (const TcbStatus status : kAll) {
    const VerifiedQuote quote = Verify(PlatformWithStatus(status)).value();
    ASSERT_EQ(quote.ResultName(), TcbStatusName(status));
    for (const TcbStatus accepted : kAll) {
      const Policy policy{.accepted_tcb_statuses = {accepted}};
      const bool passes = status == accepted && status != kRevoked;
      EXPECT_EQ(Failures(quote, policy), passes ? Names{} : Names{"tdx.tcb-status"})
          << TcbStatusName(status) << " where " << TcbStatusName(accepted) << " is accepted";
    }
  }
}

TEST(TdxPolicyStatus, NamesThoseThatAreAccepted) {
  const VerifiedQuote quote = Verify(PlatformWithStatus(kOutOfDate)).value();
  const Policy policy{.accepted_tcb_statuses = {kRevoked, kConfigurationNeeded, kUpToDate}};
  const Claim claim = ClaimNamed(quote, policy, "tdx.tcb-status");
  EXPECT_EQ(claim.expected, "UpToDate, ConfigurationNeeded");
  EXPECT_EQ(claim.actual, "OutOfDate");
}

TEST(TdxPolicyAdvisories, AreAllOnTheList) {
  TestPlatform platform;
  platform.tcb_info["tcbLevels"][0]["advisoryIDs"] = {"SA-1", "SA-2", "SA-3"};
  const VerifiedQuote quote = Verify(platform).value();
  for (unsigned listed = 1; listed < 8; ++listed) {
    Policy policy;
    for (unsigned i = 0; i < 3; ++i) {
      if ((listed >> i & 1) != 0) policy.accepted_advisories.insert(fmt::format("SA-{}", i + 1));
    }
    EXPECT_EQ(Failures(quote, policy), listed == 7 ? Names{} : Names{"tdx.advisories"}) << listed;
  }
}

TEST(TdxPolicyAdvisories, MayBeNone) {
  const VerifiedQuote quote = Verify(TestPlatform()).value();
  const Policy policy{.accepted_advisories = {"SA-1"}};
  EXPECT_EQ(Failures(quote, policy), Names{});
  const Claim claim = ClaimNamed(quote, policy, "tdx.advisories");
  EXPECT_EQ(claim.expected, "none but SA-1");
  EXPECT_EQ(claim.actual, "");
}

// --- Bits of a TD that a policy can only allow.

TEST(TdxPolicyAttributes, AreJudgedBitByBit) {
  const std::vector<std::size_t> known = {0, 4, 5, 6, 16, 27, 28, 29, 30, 31, 62, 63};
  for (std::size_t bit = 0; bit < 64; ++bit) {
    TestPlatform platform;
    platform.report.td_attributes = {};
    platform.report.td_attributes[bit / 8] = static_cast<std::byte>(1 << bit % 8);
    const VerifiedQuote quote = Verify(platform).value();
    Names expected;
    if (std::ranges::find(known, bit) == known.end()) {
      expected.push_back("tdx.td-attributes-known");
    }
    if (bit < 8) expected.push_back("tdx.debug");
    if (bit == 29) expected.push_back("tdx.migratable");
    EXPECT_EQ(Failures(quote, {}), expected) << bit;
  }
}

TEST(TdxPolicyAttributes, OfXfamAreJudgedBitByBit) {
  constexpr std::uint64_t kKnown = 0x6dbe7;
  for (std::size_t bit = 2; bit < 64; ++bit) {
    TestPlatform platform;
    platform.report.xfam = {std::byte{3}};
    platform.report.xfam[bit / 8] |= static_cast<std::byte>(1 << bit % 8);
    const VerifiedQuote quote = Verify(platform).value();
    const bool known = (kKnown >> bit & 1) != 0;
    EXPECT_EQ(Failures(quote, {}), known ? Names{} : Names{"tdx.xfam-known"}) << bit;
  }
}

TEST(TdxPolicyServiceTd, IsRefusedForEveryByteThatIsNotZero) {
  for (std::size_t i = 0; i < 48; ++i) {
    TestPlatform platform;
    platform.quote_version = 5;
    platform.report.v15 = TdReport15{.tee_tcb_svn_2 = {5, 1, 2}};
    platform.report.v15->mr_service_td[i] = std::byte{1};
    const VerifiedQuote quote = Verify(platform).value();
    EXPECT_EQ(Failures(quote, {}), Names{"tdx.mr-service-td"}) << i;
    EXPECT_EQ(Failures(quote, {.allow_service_td = true}), Names{});
  }
}

}  // namespace
}  // namespace cocos::attestation::tdx
