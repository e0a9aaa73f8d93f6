#include "daemon/agent_bridge.h"

#include <pthread.h>

#include <utility>

#include "cms/messages.h"
#include "computation/translate.h"

namespace cocos::daemon {
namespace {

using cms::Weight;
namespace event_status = cms::event_status;
namespace event_type = cms::event_type;

// A guest that outlives its certificate cannot come back after a lost connection; the CA bounds it.
constexpr std::chrono::hours kCertificateLife{24 * 90};

std::string AppraisalDetails(const relay::Appraisal& appraisal) {
  return cms::ErrorDetails(Error(ErrorCode::kUntrusted, appraisal.summary));
}

}  // namespace

AgentBridge::AgentBridge(Parts parts, std::string relay_url, ModeOf mode_of)
    : parts_(parts),
      relay_url_(std::move(relay_url)),
      mode_of_(std::move(mode_of)),
      remover_([this](const std::stop_token& stop) { RemoveRefused(stop); }) {
  ::pthread_setname_np(remover_.native_handle(), "relay-removal");
}

AgentBridge::~AgentBridge() = default;

Result<cms::AgentAccess> AgentBridge::Admit(const cvm::CvmId& id, std::string_view class_name,
                                            const cvms::ComputationRunReq& manifest) {
  const auto now = std::chrono::floor<std::chrono::seconds>(parts_.clock.Now());
  const relay::ReleaseMode mode = COCOS_TRY(mode_of_(class_name));
  relay::ClientIdentity identity = COCOS_TRY(parts_.pki.Mint(id, now + kCertificateLife, now));
  COCOS_TRY(parts_.admissions.Add(id, {.computation_id = manifest.id(),
                                       .manifest = manifest.SerializeAsString(),
                                       .certificate_pem = identity.certificate_pem,
                                       .mode = mode}));
  relay_->Admitted(id, relay::Relay::TimePoint::clock::now());
  return cms::AgentAccess{.server_url = relay_url_,
                          .server_ca_pem = std::move(identity.ca_pem),
                          .client_cert_pem = std::move(identity.certificate_pem),
                          .client_key_pem = std::move(identity.key_pem)};
}

void AgentBridge::Dismiss(const cvm::CvmId& id) {
  parts_.admissions.Remove(id);
  relay_->Dismissed(id);
}

void AgentBridge::RetainInherited(const std::set<cvm::CvmId>& ids) {
  parts_.admissions.RetainInherited(ids);
}

void AgentBridge::OnLog(const cvm::CvmId&, std::string_view computation_id,
                        const cvms::AgentLog& log) {
  parts_.outbox.Push(computation::ToService(log, computation_id), Weight::kLog);
}

void AgentBridge::OnEvent(const cvm::CvmId&, std::string_view computation_id,
                          const cvms::AgentEvent& event) {
  parts_.outbox.Push(computation::ToService(event, computation_id), Weight::kEvent);
}

void AgentBridge::OnConnected(const cvm::CvmId& id, std::string_view computation_id) {
  parts_.logger.Info("Agent is connected", {{"cvm", id.text()}, {"computation", computation_id}});
}

void AgentBridge::OnDisconnected(const cvm::CvmId& id, std::string_view computation_id) {
  parts_.logger.Info("Agent is gone", {{"cvm", id.text()}, {"computation", computation_id}});
  parts_.outbox.Push(cms::Event(computation_id, event_type::kRunning, event_status::kDisconnected),
                     Weight::kEvent);
}

void AgentBridge::OnAnswer(const cvm::CvmId& id, std::string_view computation_id,
                           std::string_view error) {
  if (error.empty()) {
    parts_.logger.Info("Agent took its computation",
                       {{"cvm", id.text()}, {"computation", computation_id}});
    return;
  }
  parts_.logger.Warn("Agent cannot take its computation",
                     {{"cvm", id.text()}, {"computation", computation_id}, {"error", error}});
  const std::string text(error);
  parts_.outbox.Push(cms::Event(computation_id, event_type::kRunning, event_status::kFailed,
                                cms::ErrorDetails(Error(ErrorCode::kInternal, text))),
                     Weight::kEvent);
}

void AgentBridge::OnAppraisal(const cvm::CvmId& id, std::string_view computation_id,
                              const relay::Appraisal& appraisal) {
  parts_.logger.Info("Evidence was appraised", {{"cvm", id.text()},
                                                {"computation", computation_id},
                                                {"verdict", appraisal.passed ? "passed" : "failed"},
                                                {"summary", appraisal.summary}});
  parts_.outbox.Push(
      appraisal.passed
          ? cms::Event(computation_id, event_type::kAttestation, event_status::kCompleted)
          : cms::Event(computation_id, event_type::kAttestation, event_status::kFailed,
                       AppraisalDetails(appraisal)),
      Weight::kEvent);
}

void AgentBridge::OnRefused(const cvm::CvmId& id, std::string_view computation_id,
                            std::string_view why) {
  const Error error(ErrorCode::kUntrusted, fmt::format("attestation refused: {}", why));
  parts_.outbox.Push(cms::Event(computation_id, event_type::kRunning, event_status::kFailed,
                                cms::ErrorDetails(error)),
                     Weight::kEvent);
  parts_.outbox.Push(cms::StopAnswer(computation_id, error.message()), Weight::kEvent);
  {
    std::lock_guard lock(mutex_);
    to_remove_.push_back(id);
  }
  refused_.notify_one();
}

// Removing takes as long as the hypervisor does, and a stream's thread must not wait for that. What
// is left undone by a shutdown is refused again by the next process.
void AgentBridge::RemoveRefused(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (refused_.wait(lock, stop, [this] { return !to_remove_.empty(); })) {
    const cvm::CvmId id = std::move(to_remove_.front());
    to_remove_.pop_front();
    lock.unlock();
    const Result<void> removed = parts_.manager.Remove(id);
    if (!removed && removed.error().code() != ErrorCode::kNotFound) {
      parts_.logger.Error("A CVM that was refused could not be removed",
                          {{"cvm", id.text()}, {"error", removed.error().message()}});
    }
    lock.lock();
  }
}

}  // namespace cocos::daemon
