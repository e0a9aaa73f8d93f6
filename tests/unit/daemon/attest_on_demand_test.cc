#include "daemon/attest_on_demand.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "crypto/digest.h"
#include "support/manager_fixture.h"
#include "support/result_matchers.h"
#include "unit/attestation/appraisal/test_agent.h"
#include "unit/cvm/tee_class.h"
#include "unit/relay/evidence_agent.h"

namespace cocos::daemon {
namespace {

using namespace std::chrono_literals;
namespace snp_testing = attestation::snp::testing;
using attestation::appraisal::testing::TestAgent;
using ::cocos::testing::EvidenceAgent;
using ::cocos::testing::FailsWith;
using ::cocos::testing::ManagerFixture;
using ::cocos::testing::MinimalClass;
using ::cocos::testing::SmallOvmf;
using ::cocos::testing::SnpClass;
using ::cocos::testing::Succeeds;
using ::cocos::testing::WriteBytes;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The time at which the test platform's certificates hold.
class PlatformClock final : public cvm::Clock {
 public:
  cvm::TimePoint Now() const override { return attestation::appraisal::testing::kNow; }
};

// An SEV-SNP CVM on a fake hypervisor, whose agent listens on the port that the CVM was given.
class AttestOnDemandTest : public ManagerFixture {
 protected:
  AttestOnDemandTest() {
    options_.first_port = options_.last_port = server_.port();
    options_.is_port_free = [](const std::string&, std::uint16_t) { return true; };
    classes_ = {SnpClass(WriteBytes(dir_, "OVMF.fd", SmallOvmf()))};
    classes_.front().vcpus = 1;
    classes_.front().name = "default";
    config_.classes.emplace_back().name = "default";
    policies_ = ClassPolicies::Load(config_, classes_).value();
    StartManager();
    id_ = manager_->Create({})->id;
    auto& report = agent_.platform.report;
    snp_testing::PutU64(report, snp_testing::kPolicyAt, 0x30000);
    snp_testing::PutU32(report, snp_testing::kVmplAt, 0);
    snp_testing::Put(report, snp_testing::kMeasurementAt, Captured("snp-launch-digest"));
    snp_testing::Put(report, snp_testing::kHostDataAt, Captured("snp-host-data"));
  }

  std::vector<std::byte> Captured(const std::string& name) const {
    return *crypto::HexDecode(manager_->Get(*id_)->reference_values.at(name));
  }

  grpc::Status Answer(const agent::AttestationRequest& request, std::vector<std::string>& pieces) {
    nonces_.insert(request.teenonce());
    nonces_.insert(request.vtpmnonce());
    if (!replays_) {
      attestation::ReportData report_data{};
      std::ranges::copy(crypto::BytesOf(request.teenonce()), report_data.begin());
      agent_.report_data = report_data;
    }
    const auto bytes = agent_.SevSnp();
    pieces.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return grpc::Status::OK;
  }

  Result<api::AttestOutcome> Attest(std::optional<cvm::CvmId> id = {}) const {
    const EvidenceAppraiser appraiser(
        *manager_, policies_, clock_,
        {agent_.platform.Anchors(), attestation::tdx::IntelTrustAnchors()},
        dir_.path() + "/collateral");
    const AttestOnDemand attest(*manager_, policies_, appraiser, RefusalExplainer(*manager_, 0));
    return attest(id ? *id : *id_, std::chrono::system_clock::now() + 10s);
  }

  EvidenceAgent server_{
      [this](const auto& request, auto& pieces) { return Answer(request, pieces); }};
  PlatformClock clock_;
  config::Config config_;
  ClassPolicies policies_;
  std::optional<cvm::CvmId> id_;
  TestAgent agent_;
  bool replays_ = false;
  std::set<std::string> nonces_;
};

TEST_F(AttestOnDemandTest, PassesACvmThatIsWhatWasCaptured) {
  const auto outcome = Attest();

  ASSERT_THAT(outcome, Succeeds());
  EXPECT_TRUE(outcome->passed) << outcome->summary;
  EXPECT_THAT(outcome->parts, SizeIs(1));
  EXPECT_EQ(outcome->parts.front().policy, "as captured");
  EXPECT_THAT(outcome->explanation, IsEmpty());
}

TEST_F(AttestOnDemandTest, DrawsFreshNoncesEachTime) {
  ASSERT_THAT(Attest(), Succeeds());
  ASSERT_THAT(Attest(), Succeeds());

  EXPECT_THAT(nonces_, SizeIs(4));
}

TEST_F(AttestOnDemandTest, RefusesEvidenceThatWasMadeBefore) {
  ASSERT_TRUE(Attest()->passed);
  replays_ = true;

  const auto outcome = Attest();

  ASSERT_THAT(outcome, Succeeds());
  EXPECT_FALSE(outcome->passed);
  EXPECT_THAT(outcome->summary, HasSubstr("binding.report-data"));
}

TEST_F(AttestOnDemandTest, ExplainsAnotherMeasurement) {
  agent_.platform.report[snp_testing::kMeasurementAt] ^= std::byte{1};

  const auto outcome = Attest();

  ASSERT_THAT(outcome, Succeeds());
  EXPECT_FALSE(outcome->passed);
  EXPECT_THAT(outcome->explanation, HasSubstr("no launch near"));
}

TEST_F(AttestOnDemandTest, KnowsNothingOfAnotherCvm) {
  EXPECT_THAT(Attest(cvm::CvmId::Random()), FailsWith(ErrorCode::kNotFound));
}

TEST_F(AttestOnDemandTest, AsksOnlyACvmThatRuns) {
  hypervisor_.Kill(id_->text());
  ASSERT_TRUE(::cocos::testing::Eventually(
      [&] { return manager_->Get(*id_)->state == cvm::State::kFailed; }));

  EXPECT_THAT(Attest(), FailsWith(ErrorCode::kFailedPrecondition, HasSubstr("failed")));
}

TEST(EvidenceTypeFor, FollowsTeeAndPolicy) {
  cvm::Snapshot cvm{.id = cvm::CvmId::Random()};
  NamedPolicy with_tpm;
  with_tpm.policy.tpm = attestation::vtpm::Policy{};

  EXPECT_EQ(EvidenceTypeFor(cvm, {}), relay::EvidenceType::kVtpm);
  cvm.tee = domain::Tee::kTdx;
  EXPECT_EQ(EvidenceTypeFor(cvm, {with_tpm}), relay::EvidenceType::kTdx);
  cvm.tee = domain::Tee::kSevSnp;
  EXPECT_EQ(EvidenceTypeFor(cvm, {NamedPolicy{}}), relay::EvidenceType::kSnp);
  EXPECT_EQ(EvidenceTypeFor(cvm, {NamedPolicy{}, with_tpm}), relay::EvidenceType::kSnpVtpm);
}

TEST(AgentAddress, IsTheLoopbackWhereTheAgentListensEverywhere) {
  EXPECT_EQ(AgentAddress("0.0.0.0", 6100), "127.0.0.1:6100");
  EXPECT_EQ(AgentAddress("", 6100), "127.0.0.1:6100");
  EXPECT_EQ(AgentAddress("::", 6100), "[::1]:6100");
  EXPECT_EQ(AgentAddress("192.0.2.7", 6100), "192.0.2.7:6100");
  EXPECT_EQ(AgentAddress("2001:db8::7", 6100), "[2001:db8::7]:6100");
}

}  // namespace
}  // namespace cocos::daemon
