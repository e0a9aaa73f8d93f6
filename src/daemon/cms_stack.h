// Everything that serves a Computation Management Service, built and joined.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/logger.h"
#include "base/result.h"
#include "cms/change_reporter.h"
#include "cms/client.h"
#include "cms/commands.h"
#include "cms/outbox.h"
#include "cms/runs.h"
#include "config/config.h"
#include "cvm/attestation_policy.h"
#include "cvm/clock.h"
#include "cvm/manager.h"
#include "daemon/agent_bridge.h"
#include "daemon/evidence_appraiser.h"
#include "daemon/refusal_explainer.h"
#include "relay/admissions.h"
#include "relay/pki.h"
#include "relay/relay.h"
#include "relay/relay_server.h"
#include "telemetry/cms_status.h"

namespace cocos::daemon {

// Destroyed bottom up: the service's stream goes first, then what it asked for, the relay last.
class CmsStack {
 public:
  struct Settings {
    config::CmsConfig service;
    config::RelayConfig relay;
    std::vector<cms::RunClass> run_classes;                         // "default" first
    std::map<std::string, relay::ReleaseTerms, std::less<>> terms;  // of classes, by name
    std::string pki_dir;                                            // kept
    std::string relay_dir;                                          // on tmpfs
  };
  struct Parts {
    cvm::Manager& manager;
    const EvidenceAppraiser& appraiser;
    RefusalExplainer explainer;
    const cvm::Clock& clock;
    cvm::PolicyFormOptions policy_form;
    cms::HostInfo host;
    std::function<void()> end_manager;  // from any thread; returns before it has happened
    Logger& logger;
  };

  // Opens the relay and starts to connect; the service need not be there; it
  // connects once the manager is ready. Call before the manager starts, so that no change is
  // missed. Errors: those of Pki, Admissions and RelayServer, and kFailedPrecondition when guests
  // have no way to this host.
  static Result<std::unique_ptr<CmsStack>> Start(Settings settings, Parts parts);
  ~CmsStack();

  // Thread-safe.
  CmsStatus status() const;

 private:
  CmsStack(Settings settings, Parts parts, relay::Pki pki);

  Result<void> OpenRelay();
  relay::ReleaseTerms TermsOf(std::string_view class_name) const;
  Result<void> Listen();
  void Connect();
  void OnTerminate(const std::string& message);
  void KeepListening(const std::stop_token& stop);

  const Settings settings_;
  Parts parts_;
  relay::Pki pki_;
  cms::Outbox outbox_;
  std::unique_ptr<relay::Admissions> admissions_;
  std::unique_ptr<AgentBridge> bridge_;
  std::unique_ptr<relay::Relay> relay_;
  std::unique_ptr<relay::RelayServer> relay_server_;
  relay::TimePoint certificate_ends_;
  std::unique_ptr<cms::Runs> runs_;
  std::unique_ptr<cms::Commands> commands_;
  std::unique_ptr<cms::Client> client_;
  std::unique_ptr<cms::ChangeReporter> reporter_;  // starts the client
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread keeper_;
};

}  // namespace cocos::daemon
