// Joins the service's runs with the relay: what one asks for the other does, and what agents report
// reaches the service and the CVM's record.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "attestation/launch/digest384.h"
#include "base/logger.h"
#include "cms/agent_gateway.h"
#include "cms/outbox.h"
#include "cvm/clock.h"
#include "cvm/manager.h"
#include "relay/admissions.h"
#include "relay/agent_sink.h"
#include "relay/pki.h"
#include "relay/relay.h"

namespace cocos::daemon {

// Thread-safe.
class AgentBridge final : public cms::AgentGateway, public relay::AgentSink {
 public:
  struct Parts {
    cvm::Manager& manager;
    const cvm::Clock& clock;
    relay::Pki& pki;
    relay::Admissions& admissions;
    cms::Outbox& outbox;
    Logger& logger;
  };
  // What CVMs of a class must show before they get their computation.
  using TermsOf = std::function<relay::ReleaseTerms(std::string_view class_name)>;
  // What more there is to say about a launch measurement that was refused; may take a second.
  using Explain = std::function<std::string(const cvm::CvmId& id,
                                            const attestation::launch::Digest384& observed)>;

  AgentBridge(Parts parts, std::string relay_url, TermsOf terms_of, Explain explain);
  ~AgentBridge() override;

  // Before anything else is called; `relay` must outlive this.
  void Join(relay::Relay& relay) { relay_ = &relay; }

  Result<cms::AgentAccess> Admit(const cvm::CvmId& id, std::string_view class_name,
                                 const cvms::ComputationRunReq& manifest) override;
  void Dismiss(const cvm::CvmId& id) override;
  std::optional<std::string> RefusalOf(const cvm::CvmId& id) const override;
  void RetainInherited(const std::set<cvm::CvmId>& ids) override;

  void OnLog(const cvm::CvmId& id, std::string_view computation_id,
             const cvms::AgentLog& log) override;
  void OnEvent(const cvm::CvmId& id, std::string_view computation_id,
               const cvms::AgentEvent& event) override;
  void OnConnected(const cvm::CvmId& id, std::string_view computation_id) override;
  void OnDisconnected(const cvm::CvmId& id, std::string_view computation_id) override;
  void OnAnswer(const cvm::CvmId& id, std::string_view computation_id,
                std::string_view error) override;
  void OnAppraisal(const cvm::CvmId& id, std::string_view computation_id,
                   const relay::Appraisal& appraisal) override;
  void OnReleased(const cvm::CvmId& id, std::string_view computation_id) override;
  void OnRefused(const cvm::CvmId& id, std::string_view computation_id,
                 std::string_view why) override;

 private:
  struct Refusal {
    cvm::CvmId id;
    std::string computation_id;
    std::string why;
    bool keep = false;
    std::optional<attestation::launch::Digest384> measurement;  // where that was refused
  };

  void SettleRefused(const std::stop_token& stop);
  void NoteMeasurement(const cvm::CvmId& id, const relay::Appraisal& appraisal);
  void Complete(Refusal& refusal) const;
  void Tell(const Refusal& refusal);
  void Settle(const Refusal& refusal);
  std::string_view ModeNameOf(const cvm::CvmId& id) const;
  void NotePresence(const cvm::CvmId& id);

  Parts parts_;
  const std::string relay_url_;
  const TermsOf terms_of_;
  const Explain explain_;
  relay::Relay* relay_ = nullptr;
  std::mutex presence_mutex_;
  std::mutex mutex_;
  std::condition_variable_any refused_;
  std::deque<Refusal> refusals_;
  std::map<cvm::CvmId, attestation::launch::Digest384> refused_measurements_;
  std::jthread settler_;  // last: it uses everything above
};

}  // namespace cocos::daemon
