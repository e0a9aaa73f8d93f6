#include "cms/runs.h"

#include "base/trace_ids.h"
#include "cms/messages.h"
#include "computation/manifest.h"
#include "computation/translate.h"

namespace cocos::cms {
namespace {

// States in which a CVM still is, or becomes, what its computation runs in.
bool IsAlive(cvm::State state) {
  switch (state) {
    case cvm::State::kFailed:
    case cvm::State::kStopping:
    case cvm::State::kRemoved:
      return false;
    default:
      return true;
  }
}

}  // namespace

void Runs::Send(manager::ClientStreamMessage message) {
  outbox_.Push(std::move(message), Weight::kEvent);
}

Result<cvm::Snapshot> Runs::Find(const std::string& computation_id) const {
  std::optional<cvm::Snapshot> ended;
  for (cvm::Snapshot& each : manager_.List().cvms) {
    if (each.computation_id != computation_id) continue;
    if (IsAlive(each.state)) return std::move(each);
    ended = std::move(each);
  }
  if (ended) return *std::move(ended);
  return Fail(ErrorCode::kNotFound, "computation {:?}: not known here", computation_id);
}

bool Runs::Claim(const std::string& computation_id) {
  std::lock_guard lock(mutex_);
  // Under the lock, for a creation ends with its CVM on the list and then leaves `creating_`.
  if (creating_.contains(computation_id)) return false;
  const Result<cvm::Snapshot> there = Find(computation_id);
  if (there && IsAlive(there->state)) {
    AnswerAgain(computation_id, *there);
    return false;
  }
  creating_.insert(computation_id);
  return true;
}

// A CVM that was refused never gets its computation: as long as it is kept, neither does another.
void Runs::AnswerAgain(const std::string& computation_id, const cvm::Snapshot& cvm) {
  const std::optional<std::string> refusal = gateway_.RefusalOf(cvm.id);
  if (!refusal) return Send(RunAnswer(computation_id, cvm.agent_port));
  Refuse(computation_id, Error(ErrorCode::kUntrusted,
                               fmt::format("attestation refused: {} (its CVM {} is still there)",
                                           *refusal, cvm.id.text())));
}

void Runs::Release(const std::string& computation_id) {
  std::lock_guard lock(mutex_);
  creating_.erase(computation_id);
}

void Runs::Run(const manager::ComputationRunReq& request) {
  const std::string& id = request.id();
  if (Result<void> checked = computation::CheckComputationId(id); !checked) {
    return Refuse(id, checked.error());
  }
  if (!Claim(id)) return;
  // From here on every line about this run, and about its CVM, carries the same trace id.
  const std::string trace_id = NewTraceId();
  logger_.Info("Computation is to be run", {{"computation", id}, {"trace_id", trace_id}});
  Send(Event(id, event_type::kProvision, event_status::kStarting));
  const Result<cvm::Created> created = Create(request, trace_id);
  if (created) {
    Send(Event(id, event_type::kProvision, event_status::kCompleted));
    Send(RunAnswer(id, created->agent_port));
    logger_.Info("Computation has its CVM", {{"computation", id}, {"cvm", created->id.text()}});
  } else {
    Refuse(id, created.error(), trace_id);
  }
  Release(id);
}

Result<Runs::Prepared> Runs::Prepare(const manager::ComputationRunReq& request) const {
  Prepared prepared;
  const RunClass* const chosen = COCOS_TRY(ChooseClass(options_.classes, request));
  prepared.manifest = COCOS_TRY(computation::ToAgent(request, chosen->agent_port));
  COCOS_TRY(computation::CheckManifest(prepared.manifest));
  prepared.request.id = cvm::CvmId::Random();
  prepared.request.class_name = chosen->name;
  prepared.request.computation_id = request.id();
  prepared.request.computation_json = computation::CanonicalJson(request);
  prepared.request.agent_log_level = request.agent_config().log_level();
  return prepared;
}

Result<cvm::Created> Runs::Create(const manager::ComputationRunReq& request,
                                  const std::string& trace_id) {
  Prepared prepared = COCOS_TRY(Prepare(request));
  prepared.request.trace_id = trace_id;
  const cvm::CvmId id = *prepared.request.id;
  AgentAccess access =
      COCOS_TRY(gateway_.Admit(id, prepared.request.class_name, prepared.manifest));
  prepared.request.agent_cvm_server_url = std::move(access.server_url);
  prepared.request.server_ca_pem = std::move(access.server_ca_pem);
  prepared.request.client_cert_pem = std::move(access.client_cert_pem);
  prepared.request.client_key_pem = std::move(access.client_key_pem);
  Send(Event(request.id(), event_type::kProvision, event_status::kInProgress));
  Result<cvm::Created> created = manager_.Create(prepared.request);
  if (!created) gateway_.Dismiss(id);
  return created;
}

// No message of the contract says that a run failed. The event says it to people, the answer to a
// stop says to the service that the computation is over, with the reason.
void Runs::Refuse(const std::string& computation_id, const Error& error,
                  std::string_view trace_id) {
  logger_.Warn(
      "Computation was not started",
      {{"computation", computation_id}, {"error", error.message()}, {"trace_id", trace_id}});
  Send(Event(computation_id, event_type::kProvision, event_status::kFailed, ErrorDetails(error)));
  Send(ManagerLog(computation_id, "ERROR", error.message()));
  Send(StopAnswer(computation_id, error.message()));
}

void Runs::Stop(const std::string& computation_id) {
  const Result<cvm::Snapshot> found = Find(computation_id);
  Result<void> stopped = found ? manager_.Remove(found->id) : tl::unexpected(found.error());
  if (stopped) {
    logger_.Info("Computation was stopped",
                 {{"computation", computation_id}, {"cvm", found->id.text()}});
  }
  // That it is gone is an event of the change itself, whoever removed it.
  if (!stopped) {
    Send(Event(computation_id, event_type::kStop, event_status::kFailed,
               ErrorDetails(stopped.error())));
  }
  Send(StopAnswer(computation_id, stopped ? std::string() : stopped.error().message()));
}

void Runs::ReportAll() {
  for (const cvm::Snapshot& each : manager_.List().cvms) {
    if (each.computation_id.empty() || !IsAlive(each.state)) continue;
    if (gateway_.RefusalOf(each.id)) continue;  // over, as far as the service is concerned
    const bool running = each.state == cvm::State::kRunning || each.state == cvm::State::kUnknown;
    Send(Event(each.computation_id, running ? event_type::kRunning : event_type::kProvision,
               event_status::kInProgress));
  }
}

}  // namespace cocos::cms
