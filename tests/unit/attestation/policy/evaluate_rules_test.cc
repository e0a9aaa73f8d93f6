// Rules that are no equalities: what a platform, its firmware and its TCB may be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "attestation/policy/evaluate.h"
#include "support/result_matchers.h"
#include "unit/attestation/policy/sample_policies.h"
#include "unit/attestation/snp/test_platform.h"
#include "unit/attestation/tdx/test_platform.h"

namespace cocos::attestation::policy::testing {
namespace {

using snp::PlatformRules;
using tdx::TcbStatus;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace at = snp::testing;

std::vector<std::string> Failed(const Policy& policy, const VerifiedParts& parts) {
  const Verdict verdict = Evaluate(policy, parts);
  std::vector<std::string> names;
  for (const Claim& claim : verdict.failures()) names.push_back(claim.name);
  EXPECT_EQ(verdict.passed(), names.empty());
  return names;
}

Outcome OutcomeOf(std::string_view name, const Policy& policy, const VerifiedParts& parts) {
  const Verdict verdict = Evaluate(policy, parts);
  const auto claim = std::ranges::find(verdict.claims, name, &Claim::name);
  EXPECT_NE(claim, verdict.claims.end()) << name;
  return claim == verdict.claims.end() ? Outcome::kFailed : claim->outcome;
}

VerifiedParts SnpWith(const std::function<void(at::Bytes& report)>& change) {
  at::TestPlatform platform(snp::Product::kGenoa);
  at::PutU64(platform.report, at::kPlatformInfoAt, 0);
  change(platform.report);
  return {.snp = platform.VerifyAll().value()};
}

// The debug profile, so that every rule can be tried.
Policy With(const snp::Policy& demands) { return {.profile = Profile::kDebug, .snp = demands}; }
Policy With(const tdx::Policy& demands) { return {.profile = Profile::kDebug, .tdx = demands}; }

struct PlatformBit {
  unsigned index;
  std::string claim;
  bool PlatformRules::*rule;
};

TEST(EvaluatePlatform, RefusesEachBitThatIsNotAllowed) {
  for (const auto& [index, claim, allow] :
       {PlatformBit{0, "snp.platform.smt", &PlatformRules::allow_smt},
        PlatformBit{1, "snp.platform.tsme", &PlatformRules::allow_tsme},
        PlatformBit{7, "snp.platform.tio", &PlatformRules::allow_tio}}) {
    const VerifiedParts parts = SnpWith(
        [bit = index](at::Bytes& report) { at::PutU64(report, at::kPlatformInfoAt, 1ULL << bit); });
    const VerifiedParts clear = SnpWith([](at::Bytes&) {});
    snp::Policy demands = {.platform = PlatformRules{}};

    EXPECT_THAT(Failed(With(demands), parts), IsEmpty());
    (*demands.platform).*allow = false;
    EXPECT_THAT(Failed(With(demands), parts), ElementsAre(claim));
    EXPECT_THAT(Failed(With(demands), clear), IsEmpty());
    demands.platform.reset();
    EXPECT_THAT(Failed(With(demands), parts), IsEmpty());
  }
}

TEST(EvaluatePlatform, DemandsEachBitThatIsRequired) {
  for (const auto& [index, claim, require] :
       {PlatformBit{2, "snp.platform.ecc", &PlatformRules::require_ecc},
        PlatformBit{3, "snp.platform.rapl-disabled", &PlatformRules::require_rapl_disabled},
        PlatformBit{4, "snp.platform.ciphertext-hiding", &PlatformRules::require_ciphertext_hiding},
        PlatformBit{5, "snp.platform.alias-check", &PlatformRules::require_alias_check}}) {
    snp::Policy demands = {.platform = PlatformRules{}};
    (*demands.platform).*require = true;
    const auto with_bits = [](std::uint64_t bits) {
      return SnpWith([bits](at::Bytes& report) { at::PutU64(report, at::kPlatformInfoAt, bits); });
    };
    EXPECT_THAT(Failed(With(demands), with_bits(1ULL << index)), IsEmpty());
    EXPECT_THAT(Failed(With(demands), with_bits(0x3c & ~(1ULL << index))), ElementsAre(claim));
  }
}

TEST(EvaluateGuestPolicy, DemandsEachBitThatIsRequired) {
  struct Rule {
    unsigned index;
    std::string claim;
    bool snp::GuestPolicyRules::*rule;
  };
  using Rules = snp::GuestPolicyRules;
  for (const auto& [index, claim, rule] :
       {Rule{20, "snp.guest-policy.single-socket", &Rules::require_single_socket},
        Rule{22, "snp.guest-policy.aes-256-xts", &Rules::require_aes_256_xts},
        Rule{23, "snp.guest-policy.rapl-disabled", &Rules::require_rapl_disabled},
        Rule{24, "snp.guest-policy.ciphertext-hiding", &Rules::require_ciphertext_hiding},
        Rule{25, "snp.guest-policy.page-swap-disabled", &Rules::require_page_swap_disabled}}) {
    snp::Policy demands;
    demands.guest_policy.*rule = true;
    const auto with_bits = [](std::uint64_t bits) {
      return SnpWith(
          [bits](at::Bytes& report) { at::PutU64(report, at::kPolicyAt, 0x20000 | bits); });
    };
    EXPECT_THAT(Failed(With(demands), with_bits(1ULL << index)), IsEmpty());
    EXPECT_THAT(Failed(With(demands), with_bits(0)), ElementsAre(claim));
  }
}

TEST(EvaluateGuestPolicy, ComparesTheAbiAsOneVersion) {
  const VerifiedParts parts =
      SnpWith([](at::Bytes& report) { at::PutU64(report, at::kPolicyAt, 0x20000 | 0x0137); });
  const auto with = [](std::uint8_t major, std::uint8_t minor) {
    return With(snp::Policy{.guest_policy = {.min_abi_major = major, .min_abi_minor = minor}});
  };
  EXPECT_THAT(Failed(with(1, 0x37), parts), IsEmpty());
  EXPECT_THAT(Failed(with(0, 255), parts), IsEmpty());
  EXPECT_THAT(Failed(with(1, 0x38), parts), ElementsAre("snp.guest-policy.abi"));
  EXPECT_THAT(Failed(with(2, 0), parts), ElementsAre("snp.guest-policy.abi"));
}

TEST(EvaluateKeys, TakesAnIdKeyOfTheListAndNoOther) {
  const VerifiedParts parts = SnpWith([](at::Bytes& report) {
    const auto digest = Octets<48>(0x21);
    at::Put(report, at::kIdKeyDigestAt, {digest.begin(), digest.end()});
  });
  snp::Policy demands = {.require_id_block = true};
  EXPECT_THAT(Failed(With(demands), parts), ElementsAre("snp.id-key"));
  demands.trusted_id_keys = {Octets<48>(0x20), Octets<48>(0x22)};
  EXPECT_THAT(Failed(With(demands), parts), ElementsAre("snp.id-key"));
  demands.trusted_id_keys.push_back(Octets<48>(0x21));
  EXPECT_THAT(Failed(With(demands), parts), IsEmpty());
  demands.trusted_author_keys = {Octets<48>(0x21)};
  demands.trusted_id_keys.clear();
  EXPECT_THAT(Failed(With(demands), parts), ElementsAre("snp.id-key"));
}

TEST(EvaluateKeys, NeverTrustTheZerosOfAGuestWithoutAnIdBlock) {
  const VerifiedParts parts =
      SnpWith([](at::Bytes& report) { at::Put(report, at::kIdKeyDigestAt, at::Bytes(48)); });
  const snp::Policy demands = {.require_id_block = true, .trusted_id_keys = {snp::Digest384{}}};

  EXPECT_THAT(Failed(With(demands), parts), ElementsAre("snp.id-key"));
}

TEST(EvaluateFirmware, MayBeProvisionalWhereThatIsPermitted) {
  const VerifiedParts parts = SnpWith([](at::Bytes& report) {
    // The build that runs is one ahead of what is committed.
    report[at::kCurrentBuildAt] =
        static_cast<std::byte>(std::to_integer<int>(report[at::kCommittedBuildAt]) + 1);
  });
  EXPECT_THAT(Failed(With(snp::Policy{}), parts), ElementsAre("snp.firmware.committed"));
  EXPECT_THAT(Failed(With(snp::Policy{.permit_provisional_firmware = true}), parts), IsEmpty());
}

TEST(EvaluateFirmware, ComparesBuildAndVersionApart) {
  at::TestPlatform platform(snp::Product::kGenoa);
  const VerifiedParts parts = {.snp = platform.VerifyAll().value()};
  const snp::FirmwareVersion version = (*parts.snp)->report().current_version;
  const auto with = [](unsigned major, unsigned minor, unsigned build) {
    return With(snp::Policy{.min_build = static_cast<std::uint8_t>(build),
                            .min_major = static_cast<std::uint8_t>(major),
                            .min_minor = static_cast<std::uint8_t>(minor)});
  };
  EXPECT_THAT(Failed(with(version.major, version.minor, version.build), parts), IsEmpty());
  for (const Policy& policy :
       {with(version.major, version.minor, version.build + 1U),
        with(version.major, version.minor + 1U, 0), with(version.major + 1U, 0, 0)}) {
    EXPECT_THAT(Failed(policy, parts), ElementsAre("snp.firmware.current"));
  }
  EXPECT_THAT(Failed(with(0, 255, version.build), parts), IsEmpty());
}

// --- TDX.

tdx::VerifiedQuote Quote(const std::function<void(tdx::TestPlatform&)>& change = {}) {
  tdx::TestPlatform platform;
  if (change) change(platform);
  return VerifyQuote(platform.Quote(), platform.Collateral(), platform.Anchors(), platform.now)
      .value();
}

tdx::VerifiedQuote QuoteBySignatureAlone() {
  const tdx::TestPlatform platform;
  return VerifyQuoteWithoutCollateral(platform.Quote(), {}, platform.Anchors(), platform.now)
      .value();
}

// The quote of a platform one level behind, which brings an advisory.
tdx::VerifiedQuote OutOfDate(const std::string& advisory = "INTEL-SA-00001") {
  return Quote([&advisory](tdx::TestPlatform& platform) {
    platform.tcb_info["tcbLevels"] = {
        tdx::PlatformLevel({9, 9}, 11, {9, 0, 2}, "UpToDate"),
        tdx::PlatformLevel({3, 3}, 5, {3, 0, 2}, "OutOfDate", {advisory})};
  });
}

TEST(EvaluateTcb, AcceptsTheStatusesOfThePolicyAlone) {
  const VerifiedParts good = {.tdx = Quote()};
  const VerifiedParts old = {.tdx = OutOfDate()};
  const auto with = [](std::set<TcbStatus> statuses) {
    return With(tdx::Policy{.accepted_tcb_statuses = std::move(statuses)});
  };
  EXPECT_THAT(Failed(with({TcbStatus::kUpToDate}), good), IsEmpty());
  EXPECT_THAT(Failed(with({TcbStatus::kUpToDate}), old), ElementsAre("tdx.tcb-status"));
  EXPECT_THAT(Failed(with({TcbStatus::kOutOfDate}), old), IsEmpty());
  EXPECT_THAT(Failed(with({TcbStatus::kOutOfDate}), good), ElementsAre("tdx.tcb-status"));
  EXPECT_THAT(Failed(with({TcbStatus::kUpToDate, TcbStatus::kOutOfDate}), old), IsEmpty());
  EXPECT_THAT(Failed(with({TcbStatus::kSwHardeningNeeded, TcbStatus::kConfigurationNeeded}), old),
              ElementsAre("tdx.tcb-status"));
}

TEST(EvaluateTcb, AcceptsTheAdvisoriesOfThePolicyAlone) {
  const VerifiedParts parts = {.tdx = OutOfDate("INTEL-SA-00002")};
  const auto with = [](std::set<std::string> advisories) {
    return With(tdx::Policy{.accepted_tcb_statuses = {TcbStatus::kOutOfDate},
                            .accepted_advisories = std::move(advisories)});
  };
  EXPECT_THAT(Failed(with({}), parts), IsEmpty());
  EXPECT_EQ(OutcomeOf("tdx.advisories", with({}), parts), Outcome::kUnchecked);
  EXPECT_THAT(Failed(with({"INTEL-SA-00002"}), parts), IsEmpty());
  EXPECT_THAT(Failed(with({"INTEL-SA-00001", "INTEL-SA-00002"}), parts), IsEmpty());
  for (const std::string other :
       {"INTEL-SA-00001", "intel-sa-00002", "INTEL-SA-0000", "INTEL-SA-000020"}) {
    EXPECT_THAT(Failed(with({other}), parts), ElementsAre("tdx.advisories")) << other;
  }
}

TEST(EvaluateTcb, PassesALevelWithoutAdvisoriesUnderAnyList) {
  const Policy policy = With(tdx::Policy{.accepted_advisories = {"INTEL-SA-00001"}});

  EXPECT_THAT(Failed(policy, {.tdx = Quote()}), IsEmpty());
}

TEST(EvaluateCollateral, IsDemandedUnlessThePolicySaysOtherwise) {
  const VerifiedParts parts = {.tdx = QuoteBySignatureAlone()};

  EXPECT_THAT(Failed(With(tdx::Policy{}), parts), ElementsAre("tdx.collateral"));
  const Policy weak = With(tdx::Policy{.require_collateral = false});
  EXPECT_THAT(Failed(weak, parts), IsEmpty());
  EXPECT_EQ(OutcomeOf("tdx.collateral", weak, parts), Outcome::kUnchecked);
  EXPECT_THAT(Failed(weak, {.tdx = Quote()}), IsEmpty());
}

TEST(EvaluateCollateral, IsNeededForItsNumberWhateverElseIsWaived) {
  const Policy policy =
      With(tdx::Policy{.min_tcb_evaluation_data_number = 1, .require_collateral = false});

  EXPECT_THAT(Failed(policy, {.tdx = QuoteBySignatureAlone()}),
              ElementsAre("tdx.tcb-evaluation-data-number"));
}

TEST(EvaluateCollateral, HasAtLeastTheNumberOfThePolicy) {
  const auto with = [](std::uint32_t number) {
    return With(tdx::Policy{.min_tcb_evaluation_data_number = number});
  };
  EXPECT_THAT(Failed(with(16), {.tdx = Quote()}), IsEmpty());
  EXPECT_THAT(Failed(with(18), {.tdx = Quote()}), ElementsAre("tdx.tcb-evaluation-data-number"));
}

TEST(EvaluateTd, MayMigrateWhereThatIsAllowed) {
  const VerifiedParts parts = {.tdx = Quote([](tdx::TestPlatform& platform) {
                                 platform.report.td_attributes[3] |= std::byte{0x20};
                               })};
  EXPECT_THAT(Failed(With(tdx::Policy{}), parts), ElementsAre("tdx.migratable"));
  EXPECT_THAT(Failed(With(tdx::Policy{.allow_migration = true}), parts), IsEmpty());
}

TEST(EvaluateTd, MayHaveServiceTdsWhereThatIsAllowed) {
  const VerifiedParts parts = {.tdx = Quote([](tdx::TestPlatform& platform) {
                                 platform.quote_version = 5;
                                 platform.report.v15.emplace();
                                 platform.report.v15->tee_tcb_svn_2 = platform.report.tee_tcb_svn;
                                 platform.report.v15->mr_service_td[47] = std::byte{1};
                               })};
  EXPECT_THAT(Failed(With(tdx::Policy{}), parts), ElementsAre("tdx.mr-service-td"));
  EXPECT_THAT(Failed(With(tdx::Policy{.allow_service_td = true}), parts), IsEmpty());
}

TEST(EvaluateTd, HasEachByteOfTheTeeTcbAtLeast) {
  const tdx::TdReport report = tdx::GoodTdReport();
  const VerifiedParts parts = {.tdx = Quote()};
  for (std::size_t i = 0; i < report.tee_tcb_svn.size(); ++i) {
    tdx::Policy demands;
    demands.min_tee_tcb_svn[i] = std::byte{report.tee_tcb_svn[i]};
    EXPECT_THAT(Failed(With(demands), parts), IsEmpty()) << i;
    demands.min_tee_tcb_svn[i] = static_cast<std::byte>(report.tee_tcb_svn[i] + 1);
    EXPECT_THAT(Failed(With(demands), parts), ElementsAre("tdx.tee-tcb-svn")) << i;
  }
}

TEST(EvaluateTd, ComparesAttributesUnderTheMaskAlone) {
  const VerifiedParts parts = {.tdx = Quote()};
  const auto actual = tdx::GoodTdReport().td_attributes;
  for (unsigned bit = 0; bit < 64; ++bit) {
    tdx::Policy demands = {.td_attributes = actual};
    const auto flag = static_cast<std::byte>(1U << (bit % 8));
    (*demands.td_attributes)[bit / 8] ^= flag;
    EXPECT_THAT(Failed(With(demands), parts), ElementsAre("tdx.td-attributes")) << bit;
    demands.td_attributes_mask[bit / 8] &= ~flag;
    EXPECT_THAT(Failed(With(demands), parts), IsEmpty()) << bit;
  }
}

}  // namespace
}  // namespace cocos::attestation::policy::testing
