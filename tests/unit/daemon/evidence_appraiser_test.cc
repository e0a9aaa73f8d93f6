#include "daemon/evidence_appraiser.h"

#include <gmock/gmock.h>

#include <fstream>

#include "crypto/digest.h"
#include "support/manager_fixture.h"
#include "support/result_matchers.h"
#include "unit/attestation/appraisal/test_agent.h"
#include "unit/cvm/tee_class.h"

namespace cocos::daemon {
namespace {

namespace snp_testing = attestation::snp::testing;
using attestation::appraisal::testing::TestAgent;
using ::cocos::testing::ManagerFixture;
using ::cocos::testing::MinimalClass;
using ::cocos::testing::SmallOvmf;
using ::cocos::testing::SnpClass;
using ::cocos::testing::Succeeds;
using ::cocos::testing::WriteBytes;
using ::testing::HasSubstr;

constexpr std::string_view kCertificate = "the client certificate file of this CVM";

std::vector<std::byte> Copy(std::string_view text) {
  const auto bytes = crypto::BytesOf(text);
  return {bytes.begin(), bytes.end()};
}

std::string Text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The time at which the test platform's certificates hold.
class PlatformClock final : public cvm::Clock {
 public:
  cvm::TimePoint Now() const override { return attestation::appraisal::testing::kNow; }
};

// An SEV-SNP CVM on a fake hypervisor, and an agent whose report says what that CVM must be.
class EvidenceAppraiserTest : public ManagerFixture {
 protected:
  EvidenceAppraiserTest() {
    classes_ = {SnpClass(WriteBytes(dir_, "OVMF.fd", SmallOvmf())), MinimalClass("plain")};
    classes_.front().vcpus = 1;
    classes_.front().name = "default";
    classes_.front().bind_host_data = true;
    for (const char* name : {"default", "plain"}) {
      config_.classes.emplace_back();
      config_.classes.back().name = name;
      config_.classes.back().tee =
          name == std::string_view("plain") ? config::TeeChoice::kNone : config::TeeChoice::kSevSnp;
    }
    policies_ = ClassPolicies::Load(config_, classes_).value();
    StartManager();
    id_ = manager_->Create({.computation_json = R"({"id":"7"})"})->id;
    agent_.certificate = Copy(kCertificate);
    auto& report = agent_.platform.report;
    snp_testing::PutU64(report, snp_testing::kPolicyAt, 0x30000);
    snp_testing::PutU32(report, snp_testing::kVmplAt, 0);
    snp_testing::Put(report, snp_testing::kMeasurementAt, Captured("snp-launch-digest"));
    snp_testing::Put(report, snp_testing::kHostDataAt, Captured("snp-host-data"));
  }

  std::vector<std::byte> Captured(const std::string& name) const {
    return *crypto::HexDecode(manager_->Get(*id_)->reference_values.at(name));
  }

  relay::Appraisal Appraise(const std::string& evidence, std::optional<cvm::CvmId> id = {}) const {
    const EvidenceAppraiser appraiser(
        *manager_, policies_, clock_,
        {agent_.platform.Anchors(), attestation::tdx::IntelTrustAnchors()},
        dir_.path() + "/collateral");
    return appraiser(id ? *id : *id_, {.certificate_pem = std::string(kCertificate)}, evidence);
  }

  void ExpectRefused(std::string_view why) const {
    const relay::Appraisal appraisal = Appraise(Text(agent_.SevSnp()));
    EXPECT_FALSE(appraisal.passed);
    EXPECT_THAT(appraisal.summary, HasSubstr(why));
  }

  // What the class "default" demands besides.
  void DemandByClass(const std::string& yaml) {
    const std::string path = dir_.path() + "/policy.yaml";
    std::ofstream(path) << yaml;
    config_.classes.front().attestation.policy_path = path;
    policies_ = ClassPolicies::Load(config_, classes_).value();
  }

  PlatformClock clock_;
  config::Config config_;
  ClassPolicies policies_;
  std::optional<cvm::CvmId> id_;
  TestAgent agent_;
};

TEST_F(EvidenceAppraiserTest, PassesEvidenceOfThisCvm) {
  const relay::Appraisal appraisal = Appraise(Text(agent_.SevSnp()));

  EXPECT_TRUE(appraisal.passed) << appraisal.summary;
  EXPECT_EQ(appraisal.summary, "verified");
  EXPECT_FALSE(appraisal.verdict.claims.empty());
}

TEST_F(EvidenceAppraiserTest, RefusesEvidenceThatAnswersAnotherCertificate) {
  agent_.certificate = Copy("the client certificate file of another CVM");

  ExpectRefused("binding.report-data");
}

TEST_F(EvidenceAppraiserTest, RefusesAnotherMeasurement) {
  agent_.platform.report[snp_testing::kMeasurementAt] ^= std::byte{1};

  ExpectRefused("measurement");
}

TEST_F(EvidenceAppraiserTest, RefusesAnotherHostData) {
  agent_.platform.report[snp_testing::kHostDataAt] ^= std::byte{1};

  ExpectRefused("host-data");
}

TEST_F(EvidenceAppraiserTest, RefusesAGuestThatMayBeDebugged) {
  snp_testing::PutU64(agent_.platform.report, snp_testing::kPolicyAt, 0xb0000);

  ExpectRefused("debug");
}

TEST_F(EvidenceAppraiserTest, RefusesAnotherVmpl) {
  snp_testing::PutU32(agent_.platform.report, snp_testing::kVmplAt, 1);

  ExpectRefused("vmpl");
}

TEST_F(EvidenceAppraiserTest, RefusesBytesThatAreNoEvidence) {
  EXPECT_FALSE(Appraise("").passed);
  EXPECT_FALSE(Appraise("garbage").passed);
  std::string cut = Text(agent_.SevSnp());
  cut.pop_back();
  EXPECT_FALSE(Appraise(cut).passed);
}

TEST_F(EvidenceAppraiserTest, RefusesARootThatNobodyTrusts) {
  const EvidenceAppraiser appraiser(
      *manager_, policies_, clock_,
      {attestation::snp::AmdTrustAnchors(), attestation::tdx::IntelTrustAnchors()}, dir_.path());

  const relay::Appraisal appraisal =
      appraiser(*id_, {.certificate_pem = std::string(kCertificate)}, Text(agent_.SevSnp()));

  EXPECT_FALSE(appraisal.passed);
  EXPECT_THAT(appraisal.summary, HasSubstr("snp.evidence"));
}

TEST_F(EvidenceAppraiserTest, HasNothingToCompareACvmWithoutTeeWith) {
  const auto plain = manager_->Create({.class_name = "plain"});
  ASSERT_THAT(plain, Succeeds());

  const relay::Appraisal appraisal = Appraise(Text(agent_.SevSnp()), plain->id);

  EXPECT_FALSE(appraisal.passed);
  EXPECT_THAT(appraisal.summary, HasSubstr("TEE"));
}

TEST_F(EvidenceAppraiserTest, PassesEvidenceThatTheClassAcceptsToo) {
  DemandByClass("snp: {vmpl: 0}\n");

  const relay::Appraisal appraisal = Appraise(Text(agent_.SevSnp()));

  EXPECT_TRUE(appraisal.passed) << appraisal.summary;
}

TEST_F(EvidenceAppraiserTest, RefusesEvidenceOfThisCvmThatTheClassDoesNotWant) {
  DemandByClass("snp: {min_guest_svn: 9999999}\n");

  ExpectRefused("class policy");
}

TEST_F(EvidenceAppraiserTest, DoesNotLetTheClassReplaceWhatWasCaptured) {
  DemandByClass("snp: {vmpl: 0}\n");
  agent_.platform.report[snp_testing::kMeasurementAt] ^= std::byte{1};

  ExpectRefused("measurement");
}

TEST_F(EvidenceAppraiserTest, RefusesWhenThePolicyOfTheClassCannotBeReadAnyMore) {
  DemandByClass("snp: {vmpl: 0}\n");
  std::ofstream(dir_.path() + "/policy.yaml") << "snp: {vmpl: nonsense}\n";

  ExpectRefused("class policy");
}

TEST_F(EvidenceAppraiserTest, KnowsNothingOfACvmThatIsGone) {
  EXPECT_FALSE(Appraise(Text(agent_.SevSnp()), cvm::CvmId::Random()).passed);
}

}  // namespace
}  // namespace cocos::daemon
