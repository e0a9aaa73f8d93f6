#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "attestation/tdx/verify.h"
#include "support/result_matchers.h"
#include "test_platform.h"

namespace cocos::attestation::tdx {
namespace {

using enum TcbStatus;

VerifiedQuote Verified(const TestPlatform& platform) {
  return VerifyQuote(platform.Quote(), platform.Collateral(), platform.Anchors(), platform.now)
      .value();
}

VerifiedQuote BySignatureAlone(const TestPlatform& platform) {
  return VerifyQuoteWithoutCollateral(platform.Quote(), {}, platform.Anchors(), platform.now)
      .value();
}

Claim ClaimNamed(const std::vector<Claim>& claims, std::string_view name) {
  const auto found = std::ranges::find(claims, name, &Claim::name);
  if (found != claims.end()) return *found;
  ADD_FAILURE() << "no claim " << name;
  return {};
}

// A demand: one policy that the quote meets, the nearest one that it does not.
void ExpectDemand(std::string_view name, const Policy& met, const Policy& missed,
                  const TestPlatform& platform = {}) {
  const VerifiedQuote quote = Verified(platform);
  EXPECT_EQ(ClaimNamed(CheckPolicy(quote, met), name).outcome, Outcome::kPassed) << name;
  const Claim failed = ClaimNamed(CheckPolicy(quote, missed), name);
  EXPECT_EQ(failed.outcome, Outcome::kFailed) << name;
  EXPECT_FALSE(failed.expected.empty()) << name;
  EXPECT_FALSE(failed.actual.empty()) << name;
}

Digest384 Filled(int value) {
  Digest384 digest{};
  digest.fill(static_cast<std::byte>(value));
  return digest;
}

Digest384 NearlyFilled(int value) {
  Digest384 digest = Filled(value);
  digest[47] ^= std::byte{1};
  return digest;
}

TEST(TdxCheckPolicy, PassesAnUpToDateQuoteByDefault) {
  const Verdict verdict{CheckPolicy(Verified({}), {})};

  EXPECT_TRUE(verdict.passed());
  EXPECT_TRUE(verdict.failures().empty());
}

TEST(TdxCheckPolicy, NamesTheSourceOfEveryClaim) {
  for (const Claim& claim : CheckPolicy(Verified({}), {})) {
    EXPECT_TRUE(claim.name.starts_with("tdx.")) << claim.name;
    EXPECT_FALSE(claim.source.empty()) << claim.name;
  }
}

TEST(TdxCheckPolicy, NamesEveryClaimOnce) {
  std::vector<std::string> names;
  for (const Claim& claim : CheckPolicy(Verified({}), {})) names.push_back(claim.name);
  std::ranges::sort(names);

  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

TEST(TdxCheckPolicy, TellsWhatItIsNotAskedToJudge) {
  const std::vector<Claim> claims = CheckPolicy(Verified({}), {});
  for (const std::string_view name :
       {"tdx.qe-vendor-id", "tdx.qe-svn", "tdx.pce-svn", "tdx.tee-tcb-svn", "tdx.mr-seam",
        "tdx.td-attributes", "tdx.xfam", "tdx.mr-td", "tdx.mr-config-id", "tdx.mr-owner",
        "tdx.mr-owner-config", "tdx.rtmr.0", "tdx.rtmr.3", "tdx.report-data", "tdx.advisories",
        "tdx.tcb-evaluation-data-number", "tdx.fmspc", "tdx.expires.tcb-info"}) {
    EXPECT_EQ(ClaimNamed(claims, name).outcome, Outcome::kUnchecked) << name;
  }
  EXPECT_EQ(ClaimNamed(claims, "tdx.fmspc").actual, "50806f000000");
  EXPECT_EQ(ClaimNamed(claims, "tdx.expires.tcb-info").actual, "2026-07-01T00:00:00Z");
}

TEST(TdxCheckPolicy, JudgesEveryMeasurement) {
  ExpectDemand("tdx.mr-seam", {.mr_seam = Filled(0x11)}, {.mr_seam = NearlyFilled(0x11)});
  ExpectDemand("tdx.mr-td", {.mr_td = {Filled(0x22)}}, {.mr_td = {NearlyFilled(0x22)}});
  ExpectDemand("tdx.mr-config-id", {.mr_config_id = Filled(0x33)},
               {.mr_config_id = NearlyFilled(0x33)});
  ExpectDemand("tdx.mr-owner", {.mr_owner = Filled(0x44)}, {.mr_owner = NearlyFilled(0x44)});
  ExpectDemand("tdx.mr-owner-config", {.mr_owner_config = Filled(0x55)},
               {.mr_owner_config = NearlyFilled(0x55)});
  for (int i = 0; i < 4; ++i) {
    Policy met;
    met.rtmrs[static_cast<std::size_t>(i)] = Filled(0x60 + i);
    Policy missed;
    missed.rtmrs[static_cast<std::size_t>(i)] = NearlyFilled(0x60 + i);
    ExpectDemand(fmt::format("tdx.rtmr.{}", i), met, missed);
  }
}

TEST(TdxCheckPolicy, AcceptsAnyOfSeveralMrTds) {
  ExpectDemand("tdx.mr-td", {.mr_td = {Filled(1), Filled(0x22)}},
               {.mr_td = {Filled(1), NearlyFilled(0x22)}});
}

TEST(TdxCheckPolicy, JudgesReportData) {
  std::array<std::byte, 64> data{};
  data.fill(std::byte{0x77});
  std::array<std::byte, 64> other = data;
  other[63] = std::byte{0};

  ExpectDemand("tdx.report-data", {.report_data = data}, {.report_data = other});
}

TEST(TdxCheckPolicy, JudgesTheHeader) {
  std::array<std::byte, 16> vendor{};
  const auto intel = crypto::HexDecode("939a7233f79c4ca9940a0db3957f0607").value();
  std::ranges::copy(intel, vendor.begin());
  ExpectDemand("tdx.qe-vendor-id", {.qe_vendor_id = vendor},
               {.qe_vendor_id = std::array<std::byte, 16>{}});

  const std::vector<Claim> claims = CheckPolicy(Verified({}), {.min_qe_svn = 1, .min_pce_svn = 1});
  EXPECT_EQ(ClaimNamed(claims, "tdx.qe-svn").outcome, Outcome::kFailed);
  EXPECT_EQ(ClaimNamed(claims, "tdx.pce-svn").outcome, Outcome::kFailed);
}

TEST(TdxCheckPolicy, ComparesTheTeeTcbSvnByteByByte) {
  const auto minimum = [](int first, int second, int third) {
    Policy policy;
    policy.min_tee_tcb_svn[0] = static_cast<std::byte>(first);
    policy.min_tee_tcb_svn[1] = static_cast<std::byte>(second);
    policy.min_tee_tcb_svn[2] = static_cast<std::byte>(third);
    return policy;
  };
  ExpectDemand("tdx.tee-tcb-svn", minimum(5, 1, 2), minimum(6, 1, 2));
  ExpectDemand("tdx.tee-tcb-svn", minimum(0, 0, 2), minimum(0, 0, 3));
  // A newer first byte does not make up for an older one behind it.
  ExpectDemand("tdx.tee-tcb-svn", minimum(1, 1, 1), minimum(1, 2, 1));
}

TEST(TdxCheckPolicy, JudgesAttributesUnderTheMask) {
  const std::array<std::byte, 8> actual = GoodTdReport().td_attributes;
  std::array<std::byte, 8> other = actual;
  other[0] = std::byte{0x10};
  ExpectDemand("tdx.td-attributes", {.td_attributes = actual}, {.td_attributes = other});

  Policy masked{.td_attributes = other};
  masked.td_attributes_mask[0] = std::byte{0xef};
  Policy too_narrow = masked;
  too_narrow.td_attributes_mask[0] = std::byte{0x10};
  ExpectDemand("tdx.td-attributes", masked, too_narrow);
}

TEST(TdxCheckPolicy, JudgesXfam) {
  std::array<std::byte, 8> other = GoodTdReport().xfam;
  other[0] = std::byte{0x07};
  ExpectDemand("tdx.xfam", {.xfam = GoodTdReport().xfam}, {.xfam = other});
}

Outcome OutcomeWith(std::string_view name, const Policy& policy,
                    const std::function<void(TestPlatform&)>& change) {
  TestPlatform platform;
  change(platform);
  return ClaimNamed(CheckPolicy(Verified(platform), policy), name).outcome;
}

TEST(TdxCheckPolicy, RefusesEveryKindOfDebugging) {
  for (int bit = 0; bit < 8; ++bit) {
    const auto set = [bit](auto& p) {
      p.report.td_attributes[0] = static_cast<std::byte>(1 << bit);
    };
    EXPECT_EQ(OutcomeWith("tdx.debug", {}, set), Outcome::kFailed) << bit;
    EXPECT_EQ(OutcomeWith("tdx.debug", {.allow_debug = true}, set), Outcome::kPassed) << bit;
  }
}

TEST(TdxCheckPolicy, RefusesMigrationUnlessAllowed) {
  const auto set = [](auto& p) { p.report.td_attributes[3] = std::byte{0x20}; };
  EXPECT_EQ(OutcomeWith("tdx.migratable", {}, set), Outcome::kFailed);
  EXPECT_EQ(OutcomeWith("tdx.migratable", {.allow_migration = true}, set), Outcome::kPassed);
  EXPECT_EQ(OutcomeWith("tdx.migratable", {}, [](auto&) {}), Outcome::kPassed);
}

TEST(TdxCheckPolicy, RefusesAttributesThatItDoesNotKnow) {
  const auto outcome = [](int bit) {
    return OutcomeWith("tdx.td-attributes-known", {.allow_debug = true}, [bit](auto& p) {
      p.report.td_attributes[static_cast<std::size_t>(bit / 8)] =
          static_cast<std::byte>(1 << bit % 8);
    });
  };
  for (const int bit : {0, 4, 5, 6, 16, 27, 28, 29, 30, 31, 62, 63}) {
    EXPECT_EQ(outcome(bit), Outcome::kPassed) << bit;
  }
  for (const int bit : {1, 2, 3, 7, 8, 15, 17, 26, 32, 61}) {
    EXPECT_EQ(outcome(bit), Outcome::kFailed) << bit;
  }
}

TEST(TdxCheckPolicy, RefusesXfamThatItDoesNotKnow) {
  const auto outcome = [](std::size_t byte, int value) {
    return OutcomeWith("tdx.xfam-known", {},
                       [=](auto& p) { p.report.xfam[byte] = static_cast<std::byte>(value); });
  };
  EXPECT_EQ(outcome(0, 0xe7), Outcome::kPassed);
  EXPECT_EQ(outcome(0, 0xe6), Outcome::kFailed);  // x87 off
  EXPECT_EQ(outcome(0, 0xe5), Outcome::kFailed);  // SSE off
  EXPECT_EQ(outcome(0, 0xef), Outcome::kFailed);  // bit 3
  EXPECT_EQ(outcome(7, 0x80), Outcome::kFailed);
}

TEST(TdxCheckPolicy, RefusesAServiceTdUnlessAllowed) {
  const auto bind = [](auto& p) {
    p.quote_version = 5;
    p.report.v15 = TdReport15{.tee_tcb_svn_2 = {5, 1, 2}};
    p.report.v15->mr_service_td[47] = std::byte{1};
  };
  const auto none = [](auto& p) {
    p.quote_version = 5;
    p.report.v15 = TdReport15{};
  };
  EXPECT_EQ(OutcomeWith("tdx.mr-service-td", {}, bind), Outcome::kFailed);
  EXPECT_EQ(OutcomeWith("tdx.mr-service-td", {.allow_service_td = true}, bind),
            Outcome::kUnchecked);
  EXPECT_EQ(OutcomeWith("tdx.mr-service-td", {}, none), Outcome::kPassed);
  EXPECT_EQ(OutcomeWith("tdx.mr-service-td", {}, [](auto&) {}), Outcome::kUnchecked);
}

TEST(TdxCheckPolicy, AcceptsTheListedStatusesAlone) {
  const auto with_status = [](const char* status) {
    return [status](auto& p) { p.tcb_info["tcbLevels"][0]["tcbStatus"] = status; };
  };
  const Policy hardened{.accepted_tcb_statuses = {kUpToDate, kSwHardeningNeeded}};

  EXPECT_EQ(OutcomeWith("tdx.tcb-status", {}, with_status("SWHardeningNeeded")), Outcome::kFailed);
  EXPECT_EQ(OutcomeWith("tdx.tcb-status", hardened, with_status("SWHardeningNeeded")),
            Outcome::kPassed);
  EXPECT_EQ(OutcomeWith("tdx.tcb-status", hardened, with_status("OutOfDate")), Outcome::kFailed);
  EXPECT_EQ(OutcomeWith("tdx.tcb-status", {.accepted_tcb_statuses = {}}, with_status("UpToDate")),
            Outcome::kFailed);
}

TEST(TdxCheckPolicy, NeverAcceptsRevoked) {
  const Policy careless{.accepted_tcb_statuses = {kUpToDate, kRevoked}};

  EXPECT_EQ(OutcomeWith("tdx.tcb-status", careless,
                        [](auto& p) { p.tcb_info["tcbLevels"][0]["tcbStatus"] = "Revoked"; }),
            Outcome::kFailed);
}

TEST(TdxCheckPolicy, AcceptsTheListedAdvisoriesAlone) {
  const auto advise = [](auto& p) {
    p.tcb_info["tcbLevels"][0]["advisoryIDs"] = {"INTEL-SA-1", "INTEL-SA-2"};
  };
  const auto outcome = [&](const std::set<std::string>& accepted) {
    return OutcomeWith("tdx.advisories", {.accepted_advisories = accepted}, advise);
  };
  EXPECT_EQ(outcome({}), Outcome::kUnchecked);
  EXPECT_EQ(outcome({"INTEL-SA-1", "INTEL-SA-2", "INTEL-SA-3"}), Outcome::kPassed);
  EXPECT_EQ(outcome({"INTEL-SA-1"}), Outcome::kFailed);
}

TEST(TdxCheckPolicy, WantsTheEvaluationDataNumber) {
  ExpectDemand("tdx.tcb-evaluation-data-number", {.min_tcb_evaluation_data_number = 16},
               {.min_tcb_evaluation_data_number = 17});
}

TEST(TdxCheckPolicy, RefusesAnotherSeamModuleWithoutCollateralToo) {
  TestPlatform platform;
  platform.report.mr_signer_seam[0] = std::byte{1};
  platform.report.seam_attributes[0] = std::byte{1};

  const std::vector<Claim> claims = CheckPolicy(BySignatureAlone(platform), {});

  EXPECT_EQ(ClaimNamed(claims, "tdx.mr-signer-seam").outcome, Outcome::kFailed);
  EXPECT_EQ(ClaimNamed(claims, "tdx.seam-attributes").outcome, Outcome::kFailed);
}

TEST(TdxCheckPolicy, RefusesAQuoteWithoutCollateralByDefault) {
  const VerifiedQuote quote = BySignatureAlone({});

  const Verdict strict{CheckPolicy(quote, {})};
  EXPECT_FALSE(strict.passed());
  EXPECT_EQ(strict.failures().at(0).name, "tdx.collateral");
  EXPECT_FALSE(strict.failures().at(0).detail.empty());
}

TEST(TdxCheckPolicy, TellsThatCollateralWasMissingWhereThatIsAllowed) {
  const Verdict weak{CheckPolicy(BySignatureAlone({}), {.require_collateral = false})};

  EXPECT_TRUE(weak.passed());
  const Claim claim = ClaimNamed(weak.claims, "tdx.collateral");
  EXPECT_EQ(claim.outcome, Outcome::kUnchecked);
  EXPECT_FALSE(claim.detail.empty());
  EXPECT_EQ(std::ranges::count(weak.claims, "tdx.tcb-status", &Claim::name), 0);
}

TEST(TdxCheckPolicy, RefusesAnEvaluationDataNumberThatNobodyKnows) {
  const Policy policy{.min_tcb_evaluation_data_number = 1, .require_collateral = false};

  EXPECT_FALSE(Verdict{CheckPolicy(BySignatureAlone({}), policy)}.passed());
}

}  // namespace
}  // namespace cocos::attestation::tdx
