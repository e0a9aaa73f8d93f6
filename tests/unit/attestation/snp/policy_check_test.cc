#include "attestation/snp/policy_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "support/result_matchers.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::attestation::snp {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace testing;

using Names = std::vector<std::string>;

// A report that verifies, changed and then judged. The chain is made once.
class SnpPolicyCheck : public ::testing::Test {
 protected:
  std::vector<Claim> Claims(const Policy& policy) const {
    return CheckPolicy(
        Verify(platform_.SignedReport(), endorsements_, platform_.AnchorsOf(endorsements_), kNow)
            .value(),
        policy);
  }
  Names Failed(const Policy& policy) const {
    Names names;
    for (const Claim& claim : Verdict{Claims(policy)}.failures()) names.push_back(claim.name);
    return names;
  }
  Claim Find(const Policy& policy, std::string_view name) const {
    for (const Claim& claim : Claims(policy)) {
      if (claim.name == name) return claim;
    }
    ADD_FAILURE() << "no claim " << name;
    return {};
  }
  void SetGuestPolicyBit(unsigned bit) {
    PutU64(platform_.report, kPolicyAt, 0x20000 | std::uint64_t{1} << bit);
  }
  void SetTcb(std::size_t offset, const TcbVersion& tcb) {
    const RawTcb raw = EncodeTcb(Product::kMilan, tcb);
    Put(platform_.report, offset, {raw.begin(), raw.end()});
  }

  TestPlatform platform_{Product::kMilan};
  Endorsements endorsements_ = platform_.MakeEndorsements();
  Policy policy_;
};

TEST_F(SnpPolicyCheck, WithoutDemandsPasses) {
  EXPECT_EQ(Failed(policy_), Names{});
  EXPECT_TRUE(Verdict{Claims(policy_)}.passed());
}

TEST_F(SnpPolicyCheck, NamesEveryClaimOnceWithASource) {
  policy_.platform.emplace();
  std::set<std::string> names;
  for (const Claim& claim : Claims(policy_)) {
    EXPECT_THAT(claim.name, StartsWith("snp."));
    EXPECT_THAT(claim.source, StartsWith("AMD "));
    EXPECT_TRUE(names.insert(claim.name).second) << claim.name;
  }
  EXPECT_GE(names.size(), 40u);
}

TEST_F(SnpPolicyCheck, SaysThatTheRootIsNotAmds) {
  EXPECT_EQ(Find(policy_, "snp.root").outcome, Outcome::kUnchecked);
  EXPECT_THAT(Find(policy_, "snp.root").actual, HasSubstr("not AMD's"));
}

TEST_F(SnpPolicyCheck, WantsTheLeastGuestSvn) {
  policy_.min_guest_svn = 7;
  EXPECT_EQ(Failed(policy_), Names{});
  policy_.min_guest_svn = 8;
  EXPECT_EQ(Failed(policy_), Names{"snp.guest-svn"});
}

TEST_F(SnpPolicyCheck, AllowsGuestPolicyBitsOneByOne) {
  struct Case {
    unsigned bit;
    bool GuestPolicyRules::*allow;
    const char* name;
  };
  for (const auto& [bit, allow, name] :
       {Case{16, &GuestPolicyRules::allow_smt, "snp.guest-policy.smt"},
        Case{18, &GuestPolicyRules::allow_migration_agent, "snp.guest-policy.migration-agent"},
        Case{19, &GuestPolicyRules::allow_debug, "snp.guest-policy.debug"},
        Case{21, &GuestPolicyRules::allow_cxl, "snp.guest-policy.cxl"}}) {
    SetGuestPolicyBit(bit);
    policy_.guest_policy.*allow = false;
    EXPECT_EQ(Failed(policy_), Names{name});
    policy_.guest_policy.*allow = true;
    EXPECT_EQ(Failed(policy_), Names{});
    SetGuestPolicyBit(17);
    policy_.guest_policy.*allow = false;
    EXPECT_EQ(Failed(policy_), Names{});
  }
}

TEST_F(SnpPolicyCheck, RefusesDebugMigrationAndCxlByDefault) {
  PutU64(platform_.report, kPolicyAt, 0x20000 | 1u << 18 | 1u << 19 | 1u << 21);
  EXPECT_EQ(Failed(policy_), (Names{"snp.guest-policy.migration-agent", "snp.guest-policy.debug",
                                    "snp.guest-policy.cxl"}));
}

TEST_F(SnpPolicyCheck, DemandsGuestPolicyBitsOneByOne) {
  struct Case {
    unsigned bit;
    bool GuestPolicyRules::*require;
    const char* name;
  };
  for (const auto& [bit, require, name] :
       {Case{20, &GuestPolicyRules::require_single_socket, "snp.guest-policy.single-socket"},
        Case{22, &GuestPolicyRules::require_aes_256_xts, "snp.guest-policy.aes-256-xts"},
        Case{23, &GuestPolicyRules::require_rapl_disabled, "snp.guest-policy.rapl-disabled"},
        Case{24, &GuestPolicyRules::require_ciphertext_hiding,
             "snp.guest-policy.ciphertext-hiding"},
        Case{25, &GuestPolicyRules::require_page_swap_disabled,
             "snp.guest-policy.page-swap-disabled"}}) {
    policy_.guest_policy = {};
    policy_.guest_policy.*require = true;
    SetGuestPolicyBit(17);
    EXPECT_EQ(Failed(policy_), Names{name});
    SetGuestPolicyBit(bit);
    EXPECT_EQ(Failed(policy_), Names{});
  }
}

TEST_F(SnpPolicyCheck, ComparesAbiVersionsMajorFirst) {
  PutU64(platform_.report, kPolicyAt, 0x20137);  // 1.55
  const auto failed_at = [this](std::uint8_t major, std::uint8_t minor) {
    policy_.guest_policy.min_abi_major = major;
    policy_.guest_policy.min_abi_minor = minor;
    return Failed(policy_);
  };
  EXPECT_EQ(failed_at(1, 55), Names{});
  EXPECT_EQ(failed_at(0, 99), Names{});
  EXPECT_EQ(failed_at(1, 56), Names{"snp.guest-policy.abi"});
  EXPECT_EQ(failed_at(2, 0), Names{"snp.guest-policy.abi"});
}

TEST_F(SnpPolicyCheck, AcceptsOneOfTheMeasurements) {
  Digest384 other{};
  const Digest384 actual = ParseReport(platform_.report)->measurement;
  policy_.measurements = {other, actual};
  EXPECT_EQ(Failed(policy_), Names{});
  EXPECT_EQ(Find(policy_, "snp.measurement").outcome, Outcome::kPassed);
  policy_.measurements = {other};
  EXPECT_EQ(Failed(policy_), Names{"snp.measurement"});
  policy_.measurements = {};
  EXPECT_EQ(Find(policy_, "snp.measurement").outcome, Outcome::kUnchecked);
}

// An exact field: told without an expectation, passed with the same bytes, failed with one other
// bit.
template <std::size_t N>
void ExpectExact(const std::function<Names()>& failed,
                 std::optional<std::array<std::byte, N>>& expected,
                 const std::array<std::byte, N>& actual, const char* name) {
  expected = actual;
  EXPECT_EQ(failed(), Names{}) << name;
  expected->back() ^= std::byte{1};
  EXPECT_EQ(failed(), Names{name});
  expected.reset();
  EXPECT_EQ(failed(), Names{}) << name;
}

TEST_F(SnpPolicyCheck, ComparesExactFields) {
  const Report report = ParseReport(platform_.report).value();
  const std::function<Names()> failed = [this] { return Failed(policy_); };
  ExpectExact(failed, policy_.report_data, report.report_data, "snp.report-data");
  ExpectExact(failed, policy_.host_data, report.host_data, "snp.host-data");
  ExpectExact(failed, policy_.family_id, report.family_id, "snp.family-id");
  ExpectExact(failed, policy_.image_id, report.image_id, "snp.image-id");
  ExpectExact(failed, policy_.report_id, report.report_id, "snp.report-id");
  ExpectExact(failed, policy_.report_id_ma, report.report_id_ma, "snp.report-id-ma");
  ExpectExact(failed, policy_.chip_id, report.chip_id, "snp.chip-id");
}

TEST_F(SnpPolicyCheck, ComparesTheVmpl) {
  policy_.vmpl = 1;
  EXPECT_EQ(Failed(policy_), Names{});
  policy_.vmpl = 0;
  EXPECT_EQ(Failed(policy_), Names{"snp.vmpl"});
}

TEST_F(SnpPolicyCheck, RefusesAReportThatTheHostAskedForUnlessNamed) {
  PutU32(platform_.report, kVmplAt, kHostVmpl);
  EXPECT_EQ(Failed(policy_), Names{"snp.vmpl"});
  policy_.vmpl = kHostVmpl;
  EXPECT_EQ(Failed(policy_), Names{});
}

TEST_F(SnpPolicyCheck, ComparesTheProduct) {
  policy_.product = Product::kMilan;
  EXPECT_EQ(Failed(policy_), Names{});
  policy_.product = Product::kGenoa;
  EXPECT_EQ(Failed(policy_), Names{"snp.product"});
}

TEST_F(SnpPolicyCheck, WantsTheLeastReportedAndLaunchTcb) {
  for (std::uint8_t TcbVersion::*component :
       {&TcbVersion::boot_loader, &TcbVersion::tee, &TcbVersion::snp, &TcbVersion::microcode}) {
    policy_.min_tcb = policy_.min_launch_tcb = PlatformTcb(Product::kMilan);
    EXPECT_EQ(Failed(policy_), Names{});
    ++(policy_.min_tcb.*component);
    EXPECT_EQ(Failed(policy_), Names{"snp.tcb.reported"});
    std::swap(policy_.min_tcb, policy_.min_launch_tcb);
    EXPECT_EQ(Failed(policy_), Names{"snp.tcb.launch"});
  }
}

TEST_F(SnpPolicyCheck, DoesNotCompareTheLaunchTcbWithOthers) {
  SetTcb(kLaunchTcbAt, {.snp = 1});
  EXPECT_EQ(Failed(policy_), Names{});
}

TEST_F(SnpPolicyCheck, PermitsProvisionalFirmwareOnRequest) {
  TcbVersion ahead = PlatformTcb(Product::kMilan);
  ++ahead.microcode;
  SetTcb(kCurrentTcbAt, ahead);
  Put(platform_.report, kCurrentBuildAt, {std::byte{30}});
  EXPECT_EQ(Failed(policy_), (Names{"snp.tcb.committed", "snp.firmware.committed"}));
  policy_.permit_provisional_firmware = true;
  EXPECT_EQ(Failed(policy_), Names{});
}

TEST_F(SnpPolicyCheck, NeverPermitsCommittedBeyondCurrent) {
  policy_.permit_provisional_firmware = true;
  TcbVersion ahead = PlatformTcb(Product::kMilan);
  ++ahead.snp;
  SetTcb(kCommittedTcbAt, ahead);
  EXPECT_EQ(Failed(policy_), Names{"snp.tcb.committed"});
  SetTcb(kCommittedTcbAt, PlatformTcb(Product::kMilan));
  Put(platform_.report, kCommittedBuildAt, {std::byte{30}});
  EXPECT_EQ(Failed(policy_), Names{"snp.firmware.committed"});
}

TEST_F(SnpPolicyCheck, NeverAcceptsACertificateBeyondTheCurrentTcb) {
  TcbVersion behind = PlatformTcb(Product::kMilan);
  --behind.microcode;
  SetTcb(kCurrentTcbAt, behind);
  SetTcb(kCommittedTcbAt, behind);
  EXPECT_EQ(Failed(policy_), Names{"snp.tcb.current"});
}

TEST_F(SnpPolicyCheck, ComparesBuildAndVersionApart) {
  const auto failed_at = [this](std::uint8_t major, std::uint8_t minor, std::uint8_t build) {
    policy_.min_major = major;
    policy_.min_minor = minor;
    policy_.min_build = build;
    return Failed(policy_);
  };
  EXPECT_EQ(failed_at(1, 55, 29), Names{});
  EXPECT_EQ(failed_at(0, 99, 29), Names{});
  EXPECT_EQ(failed_at(1, 55, 30), Names{"snp.firmware.current"});
  EXPECT_EQ(failed_at(1, 54, 30), Names{"snp.firmware.current"});
  EXPECT_EQ(failed_at(1, 56, 0), Names{"snp.firmware.current"});
  EXPECT_EQ(failed_at(2, 0, 0), Names{"snp.firmware.current"});
}

TEST_F(SnpPolicyCheck, JudgesThePlatformOnlyWithRules) {
  PutU64(platform_.report, kPlatformInfoAt, 0xFF);
  EXPECT_EQ(Find(policy_, "snp.platform").actual, "0xff");
  struct Case {
    bool PlatformRules::*allow;
    const char* name;
  };
  for (const auto& [allow, name] : {Case{&PlatformRules::allow_smt, "snp.platform.smt"},
                                    Case{&PlatformRules::allow_tsme, "snp.platform.tsme"},
                                    Case{&PlatformRules::allow_tio, "snp.platform.tio"}}) {
    policy_.platform.emplace();
    EXPECT_EQ(Failed(policy_), Names{});
    (*policy_.platform).*allow = false;
    EXPECT_EQ(Failed(policy_), Names{name});
  }
}

TEST_F(SnpPolicyCheck, DemandsPlatformBitsOneByOne) {
  struct Case {
    unsigned bit;
    bool PlatformRules::*require;
    const char* name;
  };
  for (const auto& [bit, require, name] :
       {Case{2, &PlatformRules::require_ecc, "snp.platform.ecc"},
        Case{3, &PlatformRules::require_rapl_disabled, "snp.platform.rapl-disabled"},
        Case{4, &PlatformRules::require_ciphertext_hiding, "snp.platform.ciphertext-hiding"},
        Case{5, &PlatformRules::require_alias_check, "snp.platform.alias-check"}}) {
    policy_.platform.emplace();
    (*policy_.platform).*require = true;
    PutU64(platform_.report, kPlatformInfoAt, ~(std::uint64_t{1} << bit));
    EXPECT_EQ(Failed(policy_), Names{name});
    PutU64(platform_.report, kPlatformInfoAt, std::uint64_t{1} << bit);
    EXPECT_EQ(Failed(policy_), Names{});
  }
}

TEST_F(SnpPolicyCheck, WantsATrustedIdKey) {
  const Digest384 id_key = ParseReport(platform_.report)->id_key_digest;
  policy_.require_id_block = true;
  EXPECT_EQ(Failed(policy_), Names{"snp.id-key"});
  policy_.trusted_id_keys = {Digest384{}, id_key};
  EXPECT_EQ(Failed(policy_), Names{});
  policy_.trusted_id_keys = {Digest384{}};
  EXPECT_EQ(Failed(policy_), Names{"snp.id-key"});
}

TEST_F(SnpPolicyCheck, DoesNotTakeAnAbsentIdBlockForATrustedOne) {
  Put(platform_.report, kIdKeyDigestAt, Bytes(48));
  policy_.require_id_block = true;
  policy_.trusted_id_keys = {Digest384{}};
  EXPECT_EQ(Failed(policy_), Names{"snp.id-key"});
}

TEST_F(SnpPolicyCheck, WantsATrustedAuthorKeyThatIsInUse) {
  const Digest384 author = ParseReport(platform_.report)->author_key_digest;
  policy_.require_author_key = true;
  policy_.trusted_author_keys = {author};
  EXPECT_EQ(Failed(policy_), (Names{"snp.author-key", "snp.id-key"}));
  PutU32(platform_.report, kKeyInfoAt, 1);
  EXPECT_EQ(Failed(policy_), Names{});
  policy_.trusted_author_keys = {};
  EXPECT_EQ(Failed(policy_), (Names{"snp.author-key", "snp.id-key"}));
}

TEST_F(SnpPolicyCheck, TakesATrustedAuthorForTheIdBlock) {
  PutU32(platform_.report, kKeyInfoAt, 1);
  policy_.require_id_block = true;
  policy_.trusted_author_keys = {ParseReport(platform_.report)->author_key_digest};
  EXPECT_EQ(Failed(policy_), Names{});
}

TEST_F(SnpPolicyCheck, WantsMitigationBits) {
  policy_.min_launch_mitigations = 0b011;
  policy_.min_current_mitigations = 0b101;
  EXPECT_EQ(Failed(policy_), Names{});
  policy_.min_launch_mitigations = 0b100;
  EXPECT_EQ(Failed(policy_), Names{"snp.mitigations.launch"});
  policy_.min_launch_mitigations = 0;
  policy_.min_current_mitigations = 0b1000;
  EXPECT_EQ(Failed(policy_), Names{"snp.mitigations.current"});
}

TEST_F(SnpPolicyCheck, RefusesAReportTooOldForMitigationDemands) {
  platform_.report = MakeReport(Product::kMilan, SigningKey::kVcek, 4);
  EXPECT_EQ(Failed(policy_), Names{});
  policy_.min_launch_mitigations = 0;
  policy_.min_current_mitigations = 0;
  EXPECT_EQ(Failed(policy_), (Names{"snp.mitigations.launch", "snp.mitigations.current"}));
}

TEST_F(SnpPolicyCheck, AllowsAMaskedChipIdOnRequest) {
  Put(platform_.report, kChipIdAt, Bytes(64));
  EXPECT_EQ(Failed(policy_), Names{"snp.chip-binding"});
  policy_.allow_masked_chip_id = true;
  EXPECT_EQ(Failed(policy_), Names{});
  EXPECT_EQ(Find(policy_, "snp.chip-binding").outcome, Outcome::kUnchecked);
}

TEST_F(SnpPolicyCheck, WantsARevocationListOnRequest) {
  EXPECT_EQ(Find(policy_, "snp.crl").outcome, Outcome::kUnchecked);
  policy_.require_crl = true;
  EXPECT_EQ(Failed(policy_), Names{"snp.crl"});
  endorsements_.crl =
      crypto::Crl::FromDerOrPem(crypto::testing::MakeCrl(platform_.EmptyCrl())).value();
  EXPECT_EQ(Failed(policy_), Names{});
}

TEST_F(SnpPolicyCheck, CollectsEveryFailure) {
  policy_.min_guest_svn = 8;
  policy_.vmpl = 3;
  policy_.product = Product::kTurin;
  policy_.report_data.emplace();
  EXPECT_EQ(Failed(policy_),
            (Names{"snp.product", "snp.guest-svn", "snp.report-data", "snp.vmpl"}));
}

TEST(SnpPolicyCheckVlek, TellsTheProviderInPlaceOfAChip) {
  const TestPlatform platform(Product::kGenoa, SigningKey::kVlek);
  const std::vector<Claim> claims = CheckPolicy(platform.VerifyAll().value(), Policy{});
  EXPECT_TRUE(Verdict{claims}.passed());
  const auto binding = std::ranges::find(claims, "snp.chip-binding", &Claim::name);
  ASSERT_NE(binding, claims.end());
  EXPECT_EQ(binding->outcome, Outcome::kUnchecked);
  EXPECT_THAT(binding->actual, HasSubstr("CN=cloud.example"));
}

}  // namespace
}  // namespace cocos::attestation::snp
