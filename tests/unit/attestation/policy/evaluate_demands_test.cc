// Each demand of a policy alone against evidence that meets all others: the claim of that demand
// fails, no other does, and the verdict does not pass.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/policy/evaluate.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_policies.h"
#include "unit/attestation/snp/test_platform.h"
#include "unit/attestation/tdx/test_platform.h"

namespace cocos::attestation::policy::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> FailedClaims(const Policy& policy, const VerifiedParts& parts) {
  std::vector<std::string> failed;
  const Verdict verdict = Evaluate(policy, parts);
  for (const Claim& claim : verdict.claims) {
    if (claim.outcome == Outcome::kFailed) failed.push_back(claim.name);
  }
  EXPECT_EQ(verdict.passed(), failed.empty());
  return failed;
}

const snp::VerifiedReport& Report() {
  static const snp::VerifiedReport report = [] {
    snp::testing::TestPlatform platform(snp::Product::kGenoa);
    snp::testing::PutU64(platform.report, snp::testing::kPlatformInfoAt, 0);
    return platform.VerifyAll().value();
  }();
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

// What a report says, as demands.
Policy MetBySnp() {
  const snp::Report& report = Report().report();
  snp::Policy demands;
  demands.measurements = {report.measurement};
  demands.report_data = report.report_data;
  demands.host_data = report.host_data;
  demands.family_id = report.family_id;
  demands.image_id = report.image_id;
  demands.report_id = report.report_id;
  demands.report_id_ma = report.report_id_ma;
  demands.chip_id = report.chip_id;
  demands.product = Report().product();
  demands.vmpl = report.vmpl;
  demands.min_guest_svn = report.guest_svn;
  demands.min_tcb = Report().tcbs().reported;
  demands.min_launch_tcb = Report().tcbs().launch;
  demands.platform = snp::PlatformRules{};
  return {.profile = Profile::kDebug, .snp = demands};
}

Policy MetByTdx() {
  const tdx::TdReport report = tdx::GoodTdReport();
  tdx::Policy demands;
  demands.mr_td = {report.mr_td};
  demands.mr_seam = report.mr_seam;
  demands.td_attributes = report.td_attributes;
  demands.xfam = report.xfam;
  demands.mr_config_id = report.mr_config_id;
  demands.mr_owner = report.mr_owner;
  demands.mr_owner_config = report.mr_owner_config;
  for (std::size_t i = 0; i < demands.rtmrs.size(); ++i) demands.rtmrs[i] = report.rtmrs[i];
  demands.report_data = report.report_data;
  for (std::size_t i = 0; i < demands.min_tee_tcb_svn.size(); ++i) {
    demands.min_tee_tcb_svn[i] = std::byte{report.tee_tcb_svn[i]};
  }
  return {.profile = Profile::kDebug, .tdx = demands};
}

template <typename T>
void FlipFirst(T& bytes) {
  bytes.front() ^= std::byte{1};
}

template <typename T>
struct Spoiled {
  std::string claim;
  void (*spoil)(T& demands);
};

using SpoiledSnp = Spoiled<snp::Policy>;
using SpoiledTdx = Spoiled<tdx::Policy>;

const SpoiledSnp kSnpDemands[] = {
    {"snp.measurement", [](snp::Policy& p) { FlipFirst(p.measurements.front()); }},
    {"snp.report-data", [](snp::Policy& p) { FlipFirst(*p.report_data); }},
    {"snp.host-data", [](snp::Policy& p) { FlipFirst(*p.host_data); }},
    {"snp.family-id", [](snp::Policy& p) { FlipFirst(*p.family_id); }},
    {"snp.image-id", [](snp::Policy& p) { FlipFirst(*p.image_id); }},
    {"snp.report-id", [](snp::Policy& p) { FlipFirst(*p.report_id); }},
    {"snp.report-id-ma", [](snp::Policy& p) { FlipFirst(*p.report_id_ma); }},
    {"snp.chip-id", [](snp::Policy& p) { FlipFirst(*p.chip_id); }},
    {"snp.product", [](snp::Policy& p) { p.product = snp::Product::kMilan; }},
    {"snp.vmpl", [](snp::Policy& p) { ++*p.vmpl; }},
    {"snp.guest-svn", [](snp::Policy& p) { ++p.min_guest_svn; }},
    {"snp.tcb.reported", [](snp::Policy& p) { ++p.min_tcb.boot_loader; }},
    {"snp.tcb.reported", [](snp::Policy& p) { ++p.min_tcb.tee; }},
    {"snp.tcb.reported", [](snp::Policy& p) { ++p.min_tcb.snp; }},
    {"snp.tcb.reported", [](snp::Policy& p) { ++p.min_tcb.microcode; }},
    {"snp.tcb.launch", [](snp::Policy& p) { ++p.min_launch_tcb.boot_loader; }},
    {"snp.tcb.launch", [](snp::Policy& p) { ++p.min_launch_tcb.tee; }},
    {"snp.tcb.launch", [](snp::Policy& p) { ++p.min_launch_tcb.snp; }},
    {"snp.tcb.launch", [](snp::Policy& p) { ++p.min_launch_tcb.microcode; }},
    {"snp.guest-policy.abi", [](snp::Policy& p) { p.guest_policy.min_abi_major = 255; }},
    {"snp.guest-policy.single-socket",
     [](snp::Policy& p) { p.guest_policy.require_single_socket = true; }},
    {"snp.guest-policy.aes-256-xts",
     [](snp::Policy& p) { p.guest_policy.require_aes_256_xts = true; }},
    {"snp.guest-policy.rapl-disabled",
     [](snp::Policy& p) { p.guest_policy.require_rapl_disabled = true; }},
    {"snp.guest-policy.ciphertext-hiding",
     [](snp::Policy& p) { p.guest_policy.require_ciphertext_hiding = true; }},
    {"snp.guest-policy.page-swap-disabled",
     [](snp::Policy& p) { p.guest_policy.require_page_swap_disabled = true; }},
    {"snp.platform.ecc", [](snp::Policy& p) { p.platform->require_ecc = true; }},
    {"snp.platform.rapl-disabled",
     [](snp::Policy& p) { p.platform->require_rapl_disabled = true; }},
    {"snp.platform.ciphertext-hiding",
     [](snp::Policy& p) { p.platform->require_ciphertext_hiding = true; }},
    {"snp.platform.alias-check", [](snp::Policy& p) { p.platform->require_alias_check = true; }},
    {"snp.id-key", [](snp::Policy& p) { p.require_id_block = true; }},
    {"snp.mitigations.launch", [](snp::Policy& p) { p.min_launch_mitigations = ~0ULL; }},
    {"snp.mitigations.current", [](snp::Policy& p) { p.min_current_mitigations = ~0ULL; }},
    {"snp.crl", [](snp::Policy& p) { p.require_crl = true; }},
};

TEST(EvaluateSnp, PassesEvidenceThatMeetsEveryDemand) {
  EXPECT_THAT(FailedClaims(MetBySnp(), {.snp = Report()}), IsEmpty());
}

TEST(EvaluateSnp, FailsEachDemandAlone) {
  for (const SpoiledSnp& demand : kSnpDemands) {
    Policy policy = MetBySnp();
    demand.spoil(*policy.snp);
    EXPECT_THAT(FailedClaims(policy, {.snp = Report()}), ElementsAre(demand.claim));
  }
}

// Who vouches for the ID key is the author's, so both are judged.
TEST(EvaluateSnp, FailsTheIdKeyWithTheAuthorKey) {
  Policy policy = MetBySnp();
  policy.snp->require_author_key = true;

  EXPECT_THAT(FailedClaims(policy, {.snp = Report()}), ElementsAre("snp.author-key", "snp.id-key"));
}

TEST(EvaluateSnp, FailsFirmwareBehindTheLeastVersion) {
  for (const auto& spoil : {+[](snp::Policy& p) { p.min_major = 255; },
                            +[](snp::Policy& p) { p.min_major = 255, p.min_minor = 255; },
                            +[](snp::Policy& p) { p.min_build = 255; }}) {
    Policy policy = MetBySnp();
    spoil(*policy.snp);
    EXPECT_THAT(FailedClaims(policy, {.snp = Report()}), Contains("snp.firmware.current"));
  }
}

TEST(EvaluateSnp, FailsEvidenceOfTheOtherTechnologyAlone) {
  Policy policy = MetBySnp();

  EXPECT_THAT(FailedClaims(policy, {.tdx = Quote()}), ElementsAre("snp.evidence"));
  policy.tdx = MetByTdx().tdx;
  EXPECT_THAT(FailedClaims(policy, {.snp = Report()}), ElementsAre("tdx.evidence"));
  EXPECT_THAT(FailedClaims(policy, {.tdx = Quote()}), ElementsAre("snp.evidence"));
  EXPECT_THAT(FailedClaims(policy, {.snp = Report(), .tdx = Quote()}), IsEmpty());
}

const SpoiledTdx kTdxDemands[] = {
    {"tdx.mr-td", [](tdx::Policy& p) { FlipFirst(p.mr_td.front()); }},
    {"tdx.mr-seam", [](tdx::Policy& p) { FlipFirst(*p.mr_seam); }},
    {"tdx.td-attributes", [](tdx::Policy& p) { FlipFirst(*p.td_attributes); }},
    {"tdx.xfam", [](tdx::Policy& p) { FlipFirst(*p.xfam); }},
    {"tdx.mr-config-id", [](tdx::Policy& p) { FlipFirst(*p.mr_config_id); }},
    {"tdx.mr-owner", [](tdx::Policy& p) { FlipFirst(*p.mr_owner); }},
    {"tdx.mr-owner-config", [](tdx::Policy& p) { FlipFirst(*p.mr_owner_config); }},
    {"tdx.rtmr.0", [](tdx::Policy& p) { FlipFirst(*p.rtmrs[0]); }},
    {"tdx.rtmr.1", [](tdx::Policy& p) { FlipFirst(*p.rtmrs[1]); }},
    {"tdx.rtmr.2", [](tdx::Policy& p) { FlipFirst(*p.rtmrs[2]); }},
    {"tdx.rtmr.3", [](tdx::Policy& p) { FlipFirst(*p.rtmrs[3]); }},
    {"tdx.report-data", [](tdx::Policy& p) { FlipFirst(*p.report_data); }},
    {"tdx.qe-vendor-id", [](tdx::Policy& p) { p.qe_vendor_id.emplace(); }},
    {"tdx.qe-svn", [](tdx::Policy& p) { p.min_qe_svn = 65535; }},
    {"tdx.pce-svn", [](tdx::Policy& p) { p.min_pce_svn = 65535; }},
    {"tdx.tee-tcb-svn", [](tdx::Policy& p) { p.min_tee_tcb_svn.back() = std::byte{255}; }},
    {"tdx.tcb-status",
     [](tdx::Policy& p) { p.accepted_tcb_statuses = {tdx::TcbStatus::kOutOfDate}; }},
    {"tdx.tcb-evaluation-data-number",
     [](tdx::Policy& p) { p.min_tcb_evaluation_data_number = ~0U; }},
};

TEST(EvaluateTdx, PassesEvidenceThatMeetsEveryDemand) {
  EXPECT_THAT(FailedClaims(MetByTdx(), {.tdx = Quote()}), IsEmpty());
}

TEST(EvaluateTdx, FailsEachDemandAlone) {
  for (const SpoiledTdx& demand : kTdxDemands) {
    Policy policy = MetByTdx();
    demand.spoil(*policy.tdx);
    EXPECT_THAT(FailedClaims(policy, {.tdx = Quote()}), ElementsAre(demand.claim));
  }
}

TEST(EvaluateTdx, PassesAnyOfSeveralMeasurementsAndNoOther) {
  Policy policy = MetByTdx();
  policy.tdx->mr_td.insert(policy.tdx->mr_td.begin(), Octets<48>(1));
  EXPECT_THAT(FailedClaims(policy, {.tdx = Quote()}), IsEmpty());

  policy.tdx->mr_td.back() = Octets<48>(2);
  EXPECT_THAT(FailedClaims(policy, {.tdx = Quote()}), ElementsAre("tdx.mr-td"));
}

// The bits of the guest policy that a production policy accepts in no report.
TEST(EvaluateSnp, RefusesTheGuestPolicyBitsThatAreNotAllowed) {
  struct Bit {
    unsigned index;
    std::string claim;
    bool snp::GuestPolicyRules::*allow;
  };
  for (const auto& [index, claim, allow] :
       {Bit{16, "snp.guest-policy.smt", &snp::GuestPolicyRules::allow_smt},
        Bit{18, "snp.guest-policy.migration-agent", &snp::GuestPolicyRules::allow_migration_agent},
        Bit{19, "snp.guest-policy.debug", &snp::GuestPolicyRules::allow_debug},
        Bit{21, "snp.guest-policy.cxl", &snp::GuestPolicyRules::allow_cxl}}) {
    snp::testing::TestPlatform platform(snp::Product::kGenoa);
    snp::testing::PutU64(platform.report, snp::testing::kPolicyAt, 0x20000 | 1ULL << index);
    const VerifiedParts parts = {.snp = platform.VerifyAll().value()};
    Policy policy = {.profile = Profile::kDebug, .snp = snp::Policy{}};

    policy.snp->guest_policy.*allow = true;
    EXPECT_THAT(FailedClaims(policy, parts), IsEmpty()) << claim;
    policy.snp->guest_policy.*allow = false;
    EXPECT_THAT(FailedClaims(policy, parts), ElementsAre(claim));
  }
}

TEST(EvaluateTdx, RefusesEachDebugBitInProduction) {
  for (unsigned bit = 0; bit < 8; ++bit) {
    tdx::TestPlatform platform;
    platform.report.td_attributes[0] |= static_cast<std::byte>(1U << bit);
    const auto quote =
        VerifyQuote(platform.Quote(), platform.Collateral(), platform.Anchors(), platform.now);
    ASSERT_THAT(quote, ::cocos::testing::Succeeds());

    EXPECT_THAT(FailedClaims({.tdx = tdx::Policy{}}, {.tdx = *quote}), Contains("tdx.debug"))
        << bit;
    const Policy debug = {.profile = Profile::kDebug, .tdx = tdx::Policy{.allow_debug = true}};
    EXPECT_THAT(FailedClaims(debug, {.tdx = *quote}), Not(Contains("tdx.debug"))) << bit;
  }
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
