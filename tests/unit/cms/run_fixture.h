// Runs on a manager with a fake hypervisor; what the service would get is in the outbox.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cms/runs.h"
#include "crypto/public_key.h"
#include "support/manager_fixture.h"
#include "support/pem_samples.h"

namespace cocos::testing {

// Knows which CVMs were admitted; can be told to refuse.
class FakeGateway final : public cms::AgentGateway {
 public:
  Result<cms::AgentAccess> Admit(const cvm::CvmId& id, std::string_view,
                                 const cvms::ComputationRunReq& manifest) override {
    std::lock_guard lock(mutex_);
    if (refuses) return Fail(ErrorCode::kResourceExhausted, "no room for the manifest");
    admitted_[id.text()] = manifest.id();
    agent_ports_[manifest.id()] = manifest.agent_config().port();
    return cms::AgentAccess{.server_url = "10.0.2.2:7000",
                            .server_ca_pem = kCertificatePem,
                            .client_cert_pem = kCertificatePem,
                            .client_key_pem = kPrivateKeyPem};
  }
  void Dismiss(const cvm::CvmId& id) override {
    std::lock_guard lock(mutex_);
    admitted_.erase(id.text());
  }
  std::optional<std::string> RefusalOf(const cvm::CvmId&) const override { return refusal; }
  void RetainInherited(const std::set<cvm::CvmId>& ids) override {
    std::lock_guard lock(mutex_);
    std::erase_if(admitted_, [&ids](const auto& each) {
      return !ids.contains(*cvm::CvmId::Parse(each.first));
    });
  }
  std::map<std::string, std::string> admitted() const {
    std::lock_guard lock(mutex_);
    return admitted_;
  }

  // What the manifest of a computation told its agent.
  std::string agent_port_of(const std::string& computation_id) const {
    std::lock_guard lock(mutex_);
    return agent_ports_.at(computation_id);
  }

  bool refuses = false;
  std::optional<std::string> refusal;  // of every CVM

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> admitted_;  // manifests' ids by CVM
  std::map<std::string, std::string> agent_ports_;
};

inline std::string SomeUserKey() {
  constexpr std::string_view kPem =
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
      "-----END PUBLIC KEY-----\n";
  return *crypto::PublicKeyDer(kPem);
}

inline manager::ComputationRunReq RunRequest(const std::string& id) {
  manager::ComputationRunReq request;
  request.set_id(id);
  request.mutable_algorithm()->set_hash(std::string(32, 'h'));
  request.mutable_algorithm()->set_userkey(SomeUserKey());
  request.mutable_agent_config()->set_log_level("info");
  return request;
}

class RunFixture : public ManagerFixture {
 protected:
  cms::Runs& StartRuns() {
    StartManager();
    runs_ = std::make_unique<cms::Runs>(run_options_, *manager_, gateway_, outbox_, logger_);
    return *runs_;
  }

  // All that the service would get by now, one text a message.
  std::vector<std::string> Sent() {
    std::vector<std::string> texts;
    while (outbox_.bytes() > 0) {
      const auto message = outbox_.Pop({});
      texts.push_back(Text(*message));
    }
    return texts;
  }

  static std::string Text(const manager::ClientStreamMessage& message) {
    if (message.has_agent_event()) {
      const manager::AgentEvent& event = message.agent_event();
      return "event " + event.computation_id() + " " + event.event_type() + " " + event.status();
    }
    if (message.has_run_res()) {
      return "run " + message.run_res().computation_id() + " " + message.run_res().agent_port();
    }
    if (message.has_stopcomputationres()) {
      const manager::StopComputationResponse& answer = message.stopcomputationres();
      return "stop " + answer.computation_id() + " " + answer.message();
    }
    if (message.has_agent_log()) return "log " + message.agent_log().message();
    if (message.has_attestationpolicy()) return "policy " + message.attestationpolicy().id();
    if (message.has_svm_info()) return "info " + message.svm_info().id();
    return "?";
  }

  cms::Runs::Options run_options_;
  FakeGateway gateway_;
  cms::Outbox outbox_{{}};
  std::unique_ptr<cms::Runs> runs_;
};

}  // namespace cocos::testing
