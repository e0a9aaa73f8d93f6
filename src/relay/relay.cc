#include "relay/relay.h"

#include <algorithm>
#include <utility>

#include "computation/run_chunks.h"

namespace cocos::relay {
namespace {

std::string WhyBefore(const std::string& why) {
  return why.empty() ? "its evidence was refused before" : why;
}

}  // namespace

Relay::Relay(Options options, Admissions& admissions, Appraise appraise, AgentSink& sink,
             Logger& logger, TimePoint now)
    : options_(options),
      admissions_(admissions),
      appraise_(std::move(appraise)),
      sink_(sink),
      logger_(logger) {
  for (const cvm::CvmId& id : admissions_.List()) cvms_[id].admitted = now;
}

void Relay::Admitted(const cvm::CvmId& id, TimePoint now) {
  std::lock_guard lock(mutex_);
  cvms_[id].admitted = now;
}

void Relay::Dismissed(const cvm::CvmId& id) {
  CvmState gone;
  {
    std::lock_guard lock(mutex_);
    const auto found = cvms_.find(id);
    if (found == cvms_.end()) return;
    gone = std::move(found->second);
    cvms_.erase(found);
  }
  for (const StreamState& each : gone.streams) each.stream->Close();
}

void Relay::OnConnected(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream,
                        bool says_log_forwarder, TimePoint now) {
  const auto admission = admissions_.Find(id);
  {
    std::lock_guard lock(mutex_);
    const auto found = cvms_.find(id);
    // One that was refused may be there still, kept for inspection: nobody listens to its agent.
    const bool refused = found != cvms_.end() && found->second.refused;
    if (admission && found != cvms_.end() && !refused && !admissions_.RefusalOf(id)) {
      found->second.streams.push_back({stream, now, says_log_forwarder});
    } else {
      // A certificate outlives its CVM by design of TLS; what it opens does not.
      stream->Close();
      return;
    }
  }
  sink_.OnConnected(id, admission->computation_id);
}

void Relay::OnDisconnected(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream) {
  const auto admission = admissions_.Find(id);
  {
    std::lock_guard lock(mutex_);
    const auto found = cvms_.find(id);
    if (found == cvms_.end()) return;
    std::erase_if(found->second.streams,
                  [&stream](const StreamState& each) { return each.stream == stream; });
  }
  if (admission) sink_.OnDisconnected(id, admission->computation_id);
}

void Relay::OnMessage(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream,
                      const cvms::ClientStreamMessage& message) {
  const auto admission = admissions_.Find(id);
  if (!admission) return stream->Close();
  using Kind = cvms::ClientStreamMessage;
  switch (message.message_case()) {
    case Kind::kAgentLog:
      return sink_.OnLog(id, admission->computation_id, message.agent_log());
    case Kind::kAgentEvent:
      return sink_.OnEvent(id, admission->computation_id, message.agent_event());
    case Kind::kVTPMattestationReport:
      return OnEvidence(id, stream, message.vtpmattestationreport().file());
    case Kind::kRunRes:
      return OnRunResponse(id, *admission, message.run_res());
    case Kind::kAgentStateRes:
    case Kind::kStopComputationRes:
    case Kind::kAzureAttestationToken:  // says nothing that the report does not
    case Kind::MESSAGE_NOT_SET:
      break;
  }
}

void Relay::OnEvidence(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream,
                       const std::string& evidence) {
  const auto admission = admissions_.Find(id);
  if (!admission) return;
  if (admission->terms.mode == ReleaseMode::kOff) return Release(id, stream);
  // A refusal stands: evidence that passes later comes from a CVM that once was another.
  if (const auto before = admissions_.RefusalOf(id)) return Refuse(id, WhyBefore(*before));
  if (!TakeAppraisal(id, stream)) return;
  const Appraisal appraisal = appraise_(id, *admission, evidence);
  sink_.OnAppraisal(id, admission->computation_id, appraisal);
  // An agent that starts anew sends its evidence again. What it took cannot be taken back: that is
  // for those who see the verdict.
  if (admissions_.StandingOf(id) == Standing::kAccepted) return;
  const bool kept = appraisal.passed
                        ? admissions_.SetStanding(id, Standing::kPassed)
                        : admissions_.SetStanding(id, Standing::kFailed, appraisal.summary);
  const bool enforced = admission->terms.mode == ReleaseMode::kEnforce;
  if (enforced && !appraisal.passed) return Refuse(id, appraisal.summary);
  if (enforced && !kept) {
    const auto before = admissions_.RefusalOf(id);
    return Refuse(id, before ? WhyBefore(*before) : "the verdict could not be kept");
  }
  Release(id, stream);
}

void Relay::OnRunResponse(const cvm::CvmId& id, const Admission& admission,
                          const cvms::RunResponse& response) {
  if (response.error().empty() && !admissions_.SetStanding(id, Standing::kAccepted)) {
    logger_.Error("That an agent took its computation could not be kept",
                  {{"cvm", id.text()}, {"computation", admission.computation_id}});
  }
  sink_.OnAnswer(id, admission.computation_id, response.error());
}

// The standing is asked for anew each time: it is what counts, whatever a caller saw before.
bool Relay::MayRelease(const cvm::CvmId& id, const Admission& admission) const {
  const std::optional<Standing> standing = admissions_.StandingOf(id);
  if (!standing || *standing == Standing::kAccepted) return false;
  return admission.terms.mode != ReleaseMode::kEnforce || *standing == Standing::kPassed;
}

// True for the first caller: a stream is offered the manifest once.
bool Relay::TakeOffer(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream) {
  std::lock_guard lock(mutex_);
  const auto found = cvms_.find(id);
  if (found == cvms_.end() || found->second.refused) return false;
  for (StreamState& each : found->second.streams) {
    if (each.stream == stream) return !std::exchange(each.offered, true);
  }
  return false;
}

// Appraising costs more than sending: one for each stream.
bool Relay::TakeAppraisal(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream) {
  std::lock_guard lock(mutex_);
  const auto found = cvms_.find(id);
  if (found == cvms_.end()) return false;
  for (StreamState& each : found->second.streams) {
    if (each.stream == stream) return !std::exchange(each.appraised, true);
  }
  return false;
}

void Relay::Release(const cvm::CvmId& id, const std::shared_ptr<AgentStream>& stream) {
  const auto admission = admissions_.Find(id);
  if (!admission || !MayRelease(id, *admission) || !TakeOffer(id, stream)) return;
  for (const auto& message : computation::SplitRunRequest<cvms::ServerStreamMessage>(
           admission->computation_id, admission->manifest)) {
    stream->Send(message);
  }
  logger_.Info("Computation was released to its CVM",
               {{"cvm", id.text()},
                {"computation", admission->computation_id},
                {"attestation", ReleaseModeName(admission->terms.mode)}});
  sink_.OnReleased(id, admission->computation_id);
}

void Relay::Refuse(const cvm::CvmId& id, const std::string& why) {
  const auto admission = admissions_.Find(id);
  std::vector<StreamState> streams;
  {
    std::lock_guard lock(mutex_);
    const auto found = cvms_.find(id);
    if (found == cvms_.end() || std::exchange(found->second.refused, true)) return;
    streams = found->second.streams;
  }
  // Also what did not come from an appraisal, such as the end of the deadline, must outlive this
  // process: the CVM may.
  if (!admissions_.RefusalOf(id) && !admissions_.SetStanding(id, Standing::kFailed, why)) {
    if (admissions_.StandingOf(id) == Standing::kAccepted) return;  // cannot be taken back
    logger_.Error("A refusal could not be kept, so the computation is given up",
                  {{"cvm", id.text()}, {"cause", why}});
    admissions_.Remove(id);
  }
  for (const StreamState& each : streams) each.stream->Close();
  if (!admission) return;
  logger_.Warn("Computation is not released to its CVM",
               {{"cvm", id.text()}, {"computation", admission->computation_id}, {"cause", why}});
  sink_.OnRefused(id, admission->computation_id, why);
}

void Relay::Tick(TimePoint now) {
  std::vector<std::pair<cvm::CvmId, std::shared_ptr<AgentStream>>> silent;
  std::vector<std::pair<cvm::CvmId, std::string>> refused;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, state] : cvms_) {
      if (const std::string why = WhyRefuse(id, state, now); !why.empty()) {
        refused.emplace_back(id, why);
      }
      for (const StreamState& each : state.streams) {
        const bool waited = now - each.since >= options_.evidence_grace;
        if (waited && !each.offered && !each.log_forwarder) silent.emplace_back(id, each.stream);
      }
    }
  }
  for (const auto& [id, stream] : silent) Release(id, stream);
  for (const auto& [id, why] : refused) {
    // Evidence may have passed since; what could not be kept is tried again.
    if (!admissions_.RefusalOf(id) && !admissions_.FailIfWaiting(id, why)) continue;
    Refuse(id, why);
  }
}

// Also what an earlier process had decided and not yet carried out. Empty: nothing.
std::string Relay::WhyRefuse(const cvm::CvmId& id, const CvmState& state, TimePoint now) const {
  const auto admission = admissions_.Find(id);
  if (state.refused || !admission || admission->terms.mode != ReleaseMode::kEnforce) return "";
  if (const auto before = admissions_.RefusalOf(id)) return WhyBefore(*before);
  const bool waits = admissions_.StandingOf(id) == Standing::kWaiting;
  if (!waits || now - state.admitted < admission->terms.deadline) return "";
  return "its agent sent no evidence in time";
}

bool Relay::HasAgent(const cvm::CvmId& id) const {
  std::lock_guard lock(mutex_);
  const auto found = cvms_.find(id);
  if (found == cvms_.end()) return false;
  return std::ranges::any_of(found->second.streams,
                             [](const StreamState& each) { return !each.log_forwarder; });
}

std::size_t Relay::streams() const {
  std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [id, state] : cvms_) count += state.streams.size();
  return count;
}

}  // namespace cocos::relay
