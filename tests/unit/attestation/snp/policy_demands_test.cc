// Every demand of a policy byte by byte: it fails alone, and its claim says what was wanted and
// what was found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/snp/policy_check.h"
#include "crypto/digest.h"
#include "support/result_matchers.h"
#include "unit/attestation/snp/test_platform.h"

namespace cocos::attestation::snp {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace testing;

using Names = std::vector<std::string>;

Names Failures(const VerifiedReport& report, const Policy& policy) {
  Names names;
  for (const Claim& claim : Verdict{CheckPolicy(report, policy)}.failures()) {
    names.push_back(claim.name);
  }
  return names;
}

Claim ClaimNamed(const VerifiedReport& report, const Policy& policy, std::string_view name) {
  for (const Claim& claim : CheckPolicy(report, policy)) {
    if (claim.name == name) return claim;
  }
  ADD_FAILURE() << "no claim " << name;
  return {};
}

// One verified report for many policies.
class SnpPolicyDemand : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    verified_ = new VerifiedReport(TestPlatform(Product::kMilan).VerifyAll().value());
  }
  static void TearDownTestSuite() {
    delete verified_;
    verified_ = nullptr;
  }

  // The value of the report, then each of its bytes changed.
  template <std::size_t N>
  void ExpectExact(const std::string& name, std::optional<std::array<std::byte, N>>& demand,
                   const std::array<std::byte, N>& actual) {
    demand = actual;
    EXPECT_EQ(Failures(*verified_, policy_), Names{}) << name;
    for (std::size_t i = 0; i < N; ++i) {
      demand = actual;
      (*demand)[i] ^= std::byte{0x01};
      EXPECT_EQ(Failures(*verified_, policy_), Names{name}) << i;
      const Claim claim = ClaimNamed(*verified_, policy_, name);
      EXPECT_EQ(claim.expected, crypto::HexEncode(*demand));
      EXPECT_EQ(claim.actual, crypto::HexEncode(actual));
    }
    demand.reset();
    const Claim told = ClaimNamed(*verified_, policy_, name);
    EXPECT_EQ(told.outcome, Outcome::kUnchecked);
    EXPECT_EQ(told.actual, crypto::HexEncode(actual));
  }

  static VerifiedReport* verified_;
  Policy policy_;
};

VerifiedReport* SnpPolicyDemand::verified_ = nullptr;

TEST_F(SnpPolicyDemand, OfAnExactValueLooksAtEveryByte) {
  const Report& report = verified_->report();
  ExpectExact("snp.report-data", policy_.report_data, report.report_data);
  ExpectExact("snp.host-data", policy_.host_data, report.host_data);
  ExpectExact("snp.family-id", policy_.family_id, report.family_id);
  ExpectExact("snp.image-id", policy_.image_id, report.image_id);
  ExpectExact("snp.report-id", policy_.report_id, report.report_id);
  ExpectExact("snp.report-id-ma", policy_.report_id_ma, report.report_id_ma);
  ExpectExact("snp.chip-id", policy_.chip_id, report.chip_id);
}

TEST_F(SnpPolicyDemand, OfAMeasurementIsForOneOfAList) {
  const Digest384 actual = verified_->report().measurement;
  for (const std::size_t size : {1u, 2u, 5u}) {
    for (std::size_t place = 0; place < size; ++place) {
      policy_.measurements.assign(size, Digest384{});
      EXPECT_EQ(Failures(*verified_, policy_), Names{"snp.measurement"});
      policy_.measurements[place] = actual;
      EXPECT_EQ(Failures(*verified_, policy_), Names{}) << place << " of " << size;
    }
  }
  for (std::size_t i = 0; i < actual.size(); ++i) {
    policy_.measurements = {actual, actual};
    policy_.measurements[0][i] ^= std::byte{0x80};
    policy_.measurements[1][i] ^= std::byte{0x01};
    EXPECT_EQ(Failures(*verified_, policy_), Names{"snp.measurement"}) << i;
  }
}

TEST_F(SnpPolicyDemand, OfAMeasurementNamesAllThatAreAccepted) {
  Digest384 ones{};
  ones.fill(std::byte{0x11});
  policy_.measurements = {Digest384{}, ones};
  EXPECT_EQ(ClaimNamed(*verified_, policy_, "snp.measurement").expected,
            std::string(96, '0') + " or " + std::string(96, '1'));
}

// Each component of each minimum, at the value and one above.
TEST_F(SnpPolicyDemand, OfATcbIsForEachComponent) {
  struct Case {
    TcbVersion Policy::*minimum;
    const char* name;
  };
  for (const auto& [minimum, name] : {Case{&Policy::min_tcb, "snp.tcb.reported"},
                                      Case{&Policy::min_launch_tcb, "snp.tcb.launch"}}) {
    for (std::uint8_t TcbVersion::*component :
         {&TcbVersion::boot_loader, &TcbVersion::tee, &TcbVersion::snp, &TcbVersion::microcode}) {
      policy_ = {};
      (policy_.*minimum).*component = PlatformTcb(Product::kMilan).*component;
      EXPECT_EQ(Failures(*verified_, policy_), Names{});
      ++((policy_.*minimum).*component);
      EXPECT_EQ(Failures(*verified_, policy_), Names{name});
      (policy_.*minimum).*component = 255;
      EXPECT_EQ(Failures(*verified_, policy_), Names{name});
      EXPECT_THAT(ClaimNamed(*verified_, policy_, name).expected, StartsWith("at least "));
    }
  }
}

// Milan has no FMC, so nothing there reaches a demand for one.
TEST_F(SnpPolicyDemand, OfAnFmcIsMetOnTurinAlone) {
  policy_.min_tcb.fmc = 5;
  EXPECT_EQ(Failures(*verified_, policy_), Names{"snp.tcb.reported"});
  const VerifiedReport turin = TestPlatform(Product::kTurin).VerifyAll().value();
  EXPECT_EQ(Failures(turin, policy_), Names{});
  policy_.min_tcb.fmc = 6;
  EXPECT_EQ(Failures(turin, policy_), Names{"snp.tcb.reported"});
  EXPECT_THAT(ClaimNamed(turin, policy_, "snp.tcb.reported").expected, HasSubstr("fmc=6"));
  policy_ = {};
  policy_.min_launch_tcb.fmc = 6;
  EXPECT_EQ(Failures(turin, policy_), Names{"snp.tcb.launch"});
}

TEST_F(SnpPolicyDemand, OfAGuestSvnIsAMinimum) {
  for (const auto& [minimum, failures] :
       {std::pair(0u, Names{}), std::pair(7u, Names{}), std::pair(8u, Names{"snp.guest-svn"}),
        std::pair(0xFFFFFFFFu, Names{"snp.guest-svn"})}) {
    policy_.min_guest_svn = minimum;
    EXPECT_EQ(Failures(*verified_, policy_), failures) << minimum;
  }
  EXPECT_EQ(ClaimNamed(*verified_, policy_, "snp.guest-svn").expected, "at least 4294967295");
  EXPECT_EQ(ClaimNamed(*verified_, policy_, "snp.guest-svn").actual, "7");
}

TEST_F(SnpPolicyDemand, OfAVmplIsExact) {
  for (const std::uint32_t vmpl : {0u, 1u, 2u, 3u, kHostVmpl}) {
    policy_.vmpl = vmpl;
    EXPECT_EQ(Failures(*verified_, policy_), vmpl == 1 ? Names{} : Names{"snp.vmpl"}) << vmpl;
  }
  EXPECT_EQ(ClaimNamed(*verified_, policy_, "snp.vmpl").expected, "none (the host asked)");
  EXPECT_EQ(ClaimNamed(*verified_, policy_, "snp.vmpl").actual, "1");
}

TEST_F(SnpPolicyDemand, OfMitigationsIsForEachBit) {
  // The report has 0b011 at launch and 0b111 now.
  for (unsigned bit = 0; bit < 64; ++bit) {
    policy_ = {};
    policy_.min_launch_mitigations = std::uint64_t{1} << bit;
    EXPECT_EQ(Failures(*verified_, policy_), bit < 2 ? Names{} : Names{"snp.mitigations.launch"});
    policy_ = {};
    policy_.min_current_mitigations = std::uint64_t{1} << bit;
    EXPECT_EQ(Failures(*verified_, policy_), bit < 3 ? Names{} : Names{"snp.mitigations.current"});
  }
  policy_.min_current_mitigations = 0b1011;
  EXPECT_EQ(ClaimNamed(*verified_, policy_, "snp.mitigations.current").expected,
            "with all bits of 0xb");
}

TEST_F(SnpPolicyDemand, OfAnIdKeyLooksAtEveryByte) {
  const Digest384 actual = verified_->report().id_key_digest;
  policy_.require_id_block = true;
  policy_.trusted_id_keys = {actual};
  EXPECT_EQ(Failures(*verified_, policy_), Names{});
  for (std::size_t i = 0; i < actual.size(); ++i) {
    policy_.trusted_id_keys = {actual};
    policy_.trusted_id_keys[0][i] ^= std::byte{0x01};
    EXPECT_EQ(Failures(*verified_, policy_), Names{"snp.id-key"}) << i;
  }
  EXPECT_THAT(ClaimNamed(*verified_, policy_, "snp.id-key").detail, HasSubstr("on the policy's"));
}

// The digest of an author key that the report does not use, says nothing.
TEST_F(SnpPolicyDemand, OfAnAuthorKeyIsNotMetByOneThatIsNotInUse) {
  policy_.require_author_key = true;
  policy_.trusted_author_keys = {verified_->report().author_key_digest};
  EXPECT_EQ(Failures(*verified_, policy_), (Names{"snp.author-key", "snp.id-key"}));
  EXPECT_EQ(ClaimNamed(*verified_, policy_, "snp.author-key").actual, "none");
  // A trusted ID key is not an author key.
  policy_.trusted_id_keys = {verified_->report().id_key_digest};
  EXPECT_EQ(Failures(*verified_, policy_), Names{"snp.author-key"});
}

TEST_F(SnpPolicyDemand, MayFailTogetherWithOthersInTheOrderOfTheClaims) {
  policy_.require_crl = true;
  policy_.guest_policy.require_single_socket = true;
  policy_.host_data.emplace();
  policy_.min_tcb.snp = 255;
  policy_.min_major = 9;
  policy_.require_id_block = true;
  EXPECT_EQ(Failures(*verified_, policy_),
            (Names{"snp.crl", "snp.guest-policy.single-socket", "snp.host-data", "snp.tcb.reported",
                   "snp.firmware.current", "snp.id-key"}));
}

// Each product against a demand for each.
TEST(SnpPolicyProduct, IsTheOneOfTheKey) {
  for (const Product made_on : {Product::kMilan, Product::kGenoa, Product::kTurin}) {
    const VerifiedReport report = TestPlatform(made_on).VerifyAll().value();
    for (const Product wanted : {Product::kMilan, Product::kGenoa, Product::kTurin}) {
      const Policy policy{.product = wanted};
      EXPECT_EQ(Failures(report, policy), made_on == wanted ? Names{} : Names{"snp.product"});
    }
  }
}

// Firmware that runs ahead of what is committed, by each of the parts of a version.
TEST(SnpPolicyProvisionalFirmware, IsPermittedOnRequestAlone) {
  TestPlatform platform(Product::kMilan);
  const Endorsements endorsements = platform.MakeEndorsements();
  const TrustAnchors anchors = platform.AnchorsOf(endorsements);
  const Bytes good = platform.report;
  for (std::size_t part = 0; part < 3; ++part) {
    for (const bool ahead : {true, false}) {
      platform.report = good;
      const std::size_t at = (ahead ? kCurrentBuildAt : kCommittedBuildAt) + part;
      platform.report[at] = static_cast<std::byte>(std::to_integer<int>(platform.report[at]) + 1);
      const auto report = Verify(platform.SignedReport(), endorsements, anchors, kNow).value();
      EXPECT_EQ(Failures(report, {}), Names{"snp.firmware.committed"}) << part;
      EXPECT_EQ(Failures(report, {.permit_provisional_firmware = true}),
                ahead ? Names{} : Names{"snp.firmware.committed"})
          << part;
    }
  }
}

}  // namespace
}  // namespace cocos::attestation::snp
