#include "daemon/agent_bridge.h"

#include <pthread.h>

#include <utility>

#include "cms/messages.h"
#include "computation/translate.h"
#include "daemon/refusal_explainer.h"

namespace cocos::daemon {
namespace {

using cms::Weight;
namespace event_status = cms::event_status;
namespace event_type = cms::event_type;

// A guest that outlives its certificate cannot come back after a lost connection; the CA bounds it.
constexpr std::chrono::hours kCertificateLife{24 * 90};

// How soon the settling of refusals is tried again while the manager cannot ask the hypervisor; a
// refusal or a shutdown wakes it at once.
constexpr std::chrono::milliseconds kUntilReady{200};
constexpr std::chrono::milliseconds kIdle{3'600'000};

const std::string kRefused = "attestation refused: ";

std::string AppraisalDetails(const relay::Appraisal& appraisal) {
  return cms::ErrorDetails(Error(ErrorCode::kUntrusted, appraisal.summary));
}

}  // namespace

AgentBridge::AgentBridge(Parts parts, std::string relay_url, TermsOf terms_of, Explain explain)
    : parts_(parts),
      relay_url_(std::move(relay_url)),
      terms_of_(std::move(terms_of)),
      explain_(std::move(explain)),
      settler_([this](const std::stop_token& stop) { SettleRefused(stop); }) {
  ::pthread_setname_np(settler_.native_handle(), "relay-removal");
}

AgentBridge::~AgentBridge() = default;

Result<cms::AgentAccess> AgentBridge::Admit(const cvm::CvmId& id, std::string_view class_name,
                                            const cvms::ComputationRunReq& manifest) {
  const auto now = std::chrono::floor<std::chrono::seconds>(parts_.clock.Now());
  relay::ClientIdentity identity = COCOS_TRY(parts_.pki.Mint(id, now + kCertificateLife, now));
  COCOS_TRY(parts_.admissions.Add(id, {.computation_id = manifest.id(),
                                       .manifest = manifest.SerializeAsString(),
                                       .certificate_pem = identity.certificate_pem,
                                       .terms = terms_of_(class_name)}));
  relay_->Admitted(id, relay::Relay::TimePoint::clock::now());
  return cms::AgentAccess{.server_url = relay_url_,
                          .server_ca_pem = std::move(identity.ca_pem),
                          .client_cert_pem = std::move(identity.certificate_pem),
                          .client_key_pem = std::move(identity.key_pem)};
}

void AgentBridge::Dismiss(const cvm::CvmId& id) {
  parts_.admissions.Remove(id);
  relay_->Dismissed(id);
  NotePresence(id);  // the relay does not report streams that it closes here
  std::lock_guard lock(mutex_);
  refused_measurements_.erase(id);
}

std::optional<std::string> AgentBridge::RefusalOf(const cvm::CvmId& id) const {
  return parts_.admissions.RefusalOf(id);
}

void AgentBridge::RetainInherited(const std::set<cvm::CvmId>& ids) {
  parts_.admissions.RetainInherited(ids);
}

std::string_view AgentBridge::ModeNameOf(const cvm::CvmId& id) const {
  const auto admission = parts_.admissions.Find(id);
  return relay::ReleaseModeName(admission ? admission->terms.mode : relay::ReleaseMode::kOff);
}

// Streams of one CVM come and go on several threads; what is noted last must be what is.
void AgentBridge::NotePresence(const cvm::CvmId& id) {
  const std::lock_guard lock(presence_mutex_);
  parts_.manager.agents().NoteConnected(id, relay_->HasAgent(id));
}

void AgentBridge::OnLog(const cvm::CvmId& id, std::string_view computation_id,
                        const cvms::AgentLog& log) {
  parts_.manager.agents().NoteLog(id, log.level(), log.message());
  parts_.outbox.Push(computation::ToService(log, computation_id), Weight::kLog);
}

void AgentBridge::OnEvent(const cvm::CvmId& id, std::string_view computation_id,
                          const cvms::AgentEvent& event) {
  parts_.manager.agents().NoteState(id, event.event_type(), event.status());
  parts_.outbox.Push(computation::ToService(event, computation_id), Weight::kEvent);
}

void AgentBridge::OnConnected(const cvm::CvmId& id, std::string_view computation_id) {
  NotePresence(id);
  parts_.logger.Info("Agent is connected", {{"cvm", id.text()}, {"computation", computation_id}});
}

void AgentBridge::OnDisconnected(const cvm::CvmId& id, std::string_view computation_id) {
  NotePresence(id);
  parts_.logger.Info("Agent is gone", {{"cvm", id.text()}, {"computation", computation_id}});
  parts_.outbox.Push(cms::Event(computation_id, event_type::kRunning, event_status::kDisconnected),
                     Weight::kEvent);
}

void AgentBridge::OnAnswer(const cvm::CvmId& id, std::string_view computation_id,
                           std::string_view error) {
  parts_.manager.agents().NoteAnswer(id, error);
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
  NoteMeasurement(id, appraisal);
  parts_.manager.agents().NoteAppraisal(id, ModeNameOf(id), appraisal.passed, appraisal.summary);
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

// A refusal that follows says no more than one line; what it is about is needed to explain it.
void AgentBridge::NoteMeasurement(const cvm::CvmId& id, const relay::Appraisal& appraisal) {
  const auto measurement = RefusedMeasurement(appraisal.verdict);
  std::lock_guard lock(mutex_);
  refused_measurements_.erase(id);
  if (measurement) refused_measurements_.emplace(id, *measurement);
}

void AgentBridge::OnReleased(const cvm::CvmId& id, std::string_view) {
  parts_.manager.agents().NoteReleased(id, ModeNameOf(id));
}

void AgentBridge::OnRefused(const cvm::CvmId& id, std::string_view computation_id,
                            std::string_view why) {
  const auto admission = parts_.admissions.Find(id);
  {
    std::lock_guard lock(mutex_);
    refusals_.push_back({.id = id,
                         .computation_id = std::string(computation_id),
                         .why = std::string(why),
                         .keep = admission && admission->terms.keep_refused,
                         .measurement = std::nullopt});
    const auto measurement = refused_measurements_.find(id);
    if (measurement != refused_measurements_.end()) {
      refusals_.back().measurement = measurement->second;
    }
  }
  refused_.notify_one();
}

// On the thread of refusals: streams and their threads are done with this CVM, and the search takes
// up to a second. The whole reason is kept for those who ask after a restart.
void AgentBridge::Complete(Refusal& refusal) const {
  if (!refusal.measurement) return;
  const std::string more = explain_(refusal.id, *refusal.measurement);
  if (more.empty()) return;
  refusal.why += "; " + more;
  parts_.admissions.SetStanding(refusal.id, relay::Standing::kFailed, refusal.why);
  parts_.logger.Warn("Launch measurement that was refused",
                     {{"cvm", refusal.id.text()},
                      {"computation", refusal.computation_id},
                      {"cause", refusal.why}});
}

void AgentBridge::Tell(const Refusal& refusal) {
  const Error error(ErrorCode::kUntrusted, kRefused + refusal.why);
  parts_.outbox.Push(cms::Event(refusal.computation_id, event_type::kRunning, event_status::kFailed,
                                cms::ErrorDetails(error)),
                     Weight::kEvent);
  parts_.outbox.Push(cms::StopAnswer(refusal.computation_id, error.message()), Weight::kEvent);
}

void AgentBridge::Settle(const Refusal& refusal) {
  // Not before the manager knows its CVMs: what is noted of an unknown one is lost.
  parts_.manager.agents().NoteRefused(refusal.id, ModeNameOf(refusal.id), refusal.why);
  const Result<void> settled =
      refusal.keep ? parts_.manager.SetRunningCause(refusal.id, kRefused + refusal.why)
                   : parts_.manager.Remove(refusal.id);
  if (settled && refusal.keep) {
    parts_.logger.Warn("A CVM that was refused is kept for inspection",
                       {{"cvm", refusal.id.text()}, {"computation", refusal.computation_id}});
  }
  if (!settled && settled.error().code() != ErrorCode::kNotFound) {
    parts_.logger.Error("A CVM that was refused could not be removed",
                        {{"cvm", refusal.id.text()}, {"error", settled.error().message()}});
  }
}

// Removing takes as long as the hypervisor does, and a stream's thread must not wait for that. What
// is left undone by a shutdown is refused again by the next process: before that has met its CVMs,
// none would be found.
void AgentBridge::SettleRefused(const std::stop_token& stop) {
  std::deque<Refusal> told;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto patience = told.empty() ? kIdle : kUntilReady;
    refused_.wait_for(lock, stop, patience, [this] { return !refusals_.empty(); });
    std::deque<Refusal> fresh = std::exchange(refusals_, {});
    lock.unlock();
    for (Refusal& each : fresh) {
      Complete(each);
      Tell(each);
      told.push_back(each);
    }
    if (!stop.stop_requested() && parts_.manager.IsReady()) {
      for (const Refusal& each : std::exchange(told, {})) Settle(each);
    }
    lock.lock();
  }
}

}  // namespace cocos::daemon
