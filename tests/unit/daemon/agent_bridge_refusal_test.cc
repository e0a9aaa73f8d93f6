// What becomes of CVMs whose evidence was refused.
#include "daemon/agent_bridge.h"

#include <gmock/gmock.h>

#include <vector>

#include "crypto/digest.h"
#include "support/manager_fixture.h"
#include "support/result_matchers.h"

namespace cocos::daemon {
namespace {

using ::cocos::testing::Eventually;
using ::cocos::testing::ManagerFixture;
using ::cocos::testing::Succeeds;
using ::testing::Contains;
using ::testing::HasSubstr;

// A bridge over a manager with a fake hypervisor, and a relay without listeners.
class AgentBridgeRefusal : public ManagerFixture {
 protected:
  void StartBridge(bool keeps_refused) {
    if (!manager_) StartManager();
    bridge_.reset();
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.Now());
    pki_.emplace(relay::Pki::Open(dir_.path() + "/pki", now).value());
    admissions_ = relay::Admissions::Open(dir_.path() + "/relay").value();
    bridge_ = std::make_unique<AgentBridge>(
        AgentBridge::Parts{*manager_, clock_, *pki_, *admissions_, outbox_, logger_}, "10.0.2.2:1",
        [keeps_refused](std::string_view) {
          return relay::ReleaseTerms{.mode = relay::ReleaseMode::kEnforce,
                                     .keep_refused = keeps_refused};
        },
        [](const cvm::CvmId&, const attestation::launch::Digest384& observed) {
          return "byte " + crypto::HexEncode(std::span(observed).first(1));
        });
    relay_ = std::make_unique<relay::Relay>(
        relay::Relay::Options{}, *admissions_,
        [](const cvm::CvmId&, const relay::Admission&, const std::string&) {
          return relay::Appraisal{.passed = false, .summary = "no good", .verdict = {}};
        },
        *bridge_, logger_, relay::Relay::TimePoint{});
    bridge_->Join(*relay_);
  }

  // A CVM that runs computation 7.
  cvm::CvmId Admitted() {
    const cvm::CvmId id = cvm::CvmId::Random();
    cvms::ComputationRunReq manifest;
    manifest.set_id("7");
    EXPECT_THAT(bridge_->Admit(id, "default", manifest), Succeeds());
    EXPECT_THAT(manager_->Create({.id = id, .computation_id = "7"}), Succeeds());
    return id;
  }

  std::vector<std::string> Sent() {
    std::vector<std::string> texts;
    while (outbox_.bytes() > 0) texts.push_back(outbox_.Pop({})->ShortDebugString());
    return texts;
  }

  void Refuse(const cvm::CvmId& id) {
    admissions_->SetStanding(id, relay::Standing::kFailed, "no good");
    bridge_->OnRefused(id, "7", "no good");
  }

  cms::Outbox outbox_{{}};
  std::optional<relay::Pki> pki_;
  std::unique_ptr<relay::Admissions> admissions_;
  std::unique_ptr<relay::Relay> relay_;
  std::unique_ptr<AgentBridge> bridge_;  // before the relay, which it does not call while it ends
};

TEST_F(AgentBridgeRefusal, DestroysARefusedCvmAndSaysWhy) {
  StartBridge(false);
  const cvm::CvmId id = Admitted();

  Refuse(id);

  EXPECT_TRUE(Eventually([&] { return !manager_->Get(id).has_value(); }));
  EXPECT_THAT(Sent(), Contains(HasSubstr("attestation refused: no good")));
}

TEST_F(AgentBridgeRefusal, KeepsARefusedCvmForInspectionWhereTheClassWantsIt) {
  StartBridge(true);
  const cvm::CvmId id = Admitted();

  Refuse(id);

  EXPECT_TRUE(
      Eventually([&] { return manager_->Get(id)->cause == "attestation refused: no good"; }));
  EXPECT_EQ(manager_->Get(id)->state, cvm::State::kRunning);
  EXPECT_THAT(Sent(), Contains(HasSubstr("attestation refused: no good")));
  EXPECT_THAT(manager_->Remove(id), Succeeds());
}

TEST_F(AgentBridgeRefusal, ExplainsAMeasurementThatWasRefused) {
  StartBridge(true);
  const cvm::CvmId id = Admitted();
  relay::Appraisal appraisal{.passed = false, .summary = "no good", .verdict = {}};
  appraisal.verdict.Add({.name = "snp.measurement",
                         .expected = std::string(96, 'a'),
                         .actual = std::string(96, 'b'),
                         .outcome = attestation::Outcome::kFailed});

  bridge_->OnAppraisal(id, "7", appraisal);
  Refuse(id);

  EXPECT_TRUE(Eventually([&] { return !manager_->Get(id)->cause.empty(); }));
  EXPECT_EQ(manager_->Get(id)->cause, "attestation refused: no good; byte bb");
  EXPECT_EQ(bridge_->RefusalOf(id), "no good; byte bb");
  EXPECT_THAT(Sent(), Contains(HasSubstr("no good; byte bb")));
}

TEST_F(AgentBridgeRefusal, KeepsItOverARestartWhateverTheClassSaysByThen) {
  StartBridge(true);
  const cvm::CvmId id = Admitted();
  Refuse(id);
  EXPECT_TRUE(Eventually([&] { return !manager_->Get(id)->cause.empty(); }));
  bridge_.reset();
  StopManager();

  StartBridge(false);
  relay_->Tick(relay::Relay::TimePoint{});

  EXPECT_TRUE(
      Eventually([&] { return manager_->Get(id)->cause == "attestation refused: no good"; }));
  EXPECT_EQ(bridge_->RefusalOf(id), "no good");
}

TEST_F(AgentBridgeRefusal, WaitsForAManagerThatDoesNotKnowItsCvmsYet) {
  StartBridge(false);
  const cvm::CvmId id = Admitted();
  admissions_->SetStanding(id, relay::Standing::kFailed, "no good");
  bridge_.reset();
  StopManager();
  hypervisor_.SetReachable(false);

  StartBridge(false);
  relay_->Tick(relay::Relay::TimePoint{});
  EXPECT_TRUE(Eventually([&] { return outbox_.bytes() > 0; }));
  hypervisor_.SetReachable(true);

  EXPECT_TRUE(Eventually([&] { return manager_->IsReady() && manager_->List().cvms.empty(); }));
}

}  // namespace
}  // namespace cocos::daemon
