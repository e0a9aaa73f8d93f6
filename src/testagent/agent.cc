#include "testagent/agent.h"

#include <chrono>
#include <utility>

#include "crypto/digest.h"
#include "testagent/manifest.h"

namespace cocos::testagent {

Agent::Agent(Options options, Outbox& outbox, Logger& logger)
    : options_(std::move(options)),
      outbox_(outbox),
      logger_(logger),
      reporter_(outbox, options_.log_level),
      computation_(reporter_, options_.work_root) {
  cvms::ClientStreamMessage report;
  report.mutable_vtpmattestationreport()->set_file(FirstEvidence());
  outbox_.Push(std::move(report));
}

std::string Agent::FirstEvidence() const {
  if (options_.evidence == nullptr) return "";
  const auto certificate = crypto::BytesOf(options_.client_certificate_file);
  Result<std::string> evidence = options_.evidence->Evidence(
      {.report_data = attestation::ReportDataForCertificate(certificate),
       .tpm_nonce = attestation::TpmNonceForCertificate(certificate)});
  if (evidence) return *std::move(evidence);
  logger_.Error("the platform gives no evidence", {{"error", evidence.error().message()}});
  return "";
}

bool Agent::OnMessage(const cvms::ServerStreamMessage& message) {
  switch (message.message_case()) {
    case cvms::ServerStreamMessage::kRunReqChunks:
      OnChunk(message.runreqchunks());
      return true;
    case cvms::ServerStreamMessage::kRunReq:
      OnRunRequest(message.runreq());
      return true;
    case cvms::ServerStreamMessage::kStopComputation:
      OnStop(message.stopcomputation().computation_id());
      return true;
    case cvms::ServerStreamMessage::kAgentStateReq: {
      cvms::ClientStreamMessage answer;
      answer.mutable_agentstateres()->set_id(message.agentstatereq().id());
      answer.mutable_agentstateres()->set_state(std::string(StateName(state())));
      outbox_.Push(std::move(answer));
      return true;
    }
    case cvms::ServerStreamMessage::kDisconnectReq:
      logger_.Info("the computation service asks to connect again");
      return false;
    case cvms::ServerStreamMessage::MESSAGE_NOT_SET:
      break;
  }
  logger_.Warn("unknown message from the computation service, ignored");
  return true;
}

std::uint16_t Agent::port() const {
  std::lock_guard lock(server_mutex_);
  return server_ ? server_->port() : 0;
}

void Agent::OnChunk(const cvms::RunReqChunks& chunk) {
  const auto bytes =
      assembler_.Add({chunk.id(), chunk.data(), chunk.is_last()}, std::chrono::steady_clock::now());
  if (!bytes) return logger_.Warn("run request dropped", {{"error", bytes.error().message()}});
  if (!*bytes) return;
  cvms::ComputationRunReq request;
  if (!request.ParseFromString(**bytes)) {
    return logger_.Warn("run request dropped",
                        {{"error", "it does not parse"}, {"id", chunk.id()}});
  }
  OnRunRequest(request);
}

void Agent::OnRunRequest(const cvms::ComputationRunReq& request) {
  // Services send it again after each reconnect: nothing may happen then, and nobody waits for an
  // answer.
  if (state() != State::kReceivingManifest) {
    logger_.Debug("run request ignored: a computation is under way", {{"id", request.id()}});
    return;
  }
  const auto started = StartComputation(request);
  if (!started) {
    SetServer(nullptr);
    logger_.Warn("run request refused",
                 {{"id", request.id()}, {"error", started.error().message()}});
  }
  cvms::ClientStreamMessage answer;
  answer.mutable_run_res()->set_computation_id(request.id());
  if (!started) answer.mutable_run_res()->set_error(started.error().message());
  outbox_.Push(std::move(answer));
}

Result<void> Agent::StartComputation(const cvms::ComputationRunReq& request) {
  COCOS_TRY(CheckManifest(request));
  SetServer(COCOS_TRY(AgentServer::Start(options_.listen_host, request.agent_config(), computation_,
                                         options_.evidence)));
  COCOS_TRY(computation_.Begin(request));
  logger_.Info("computation started", {{"id", request.id()}, {"port", std::to_string(port())}});
  return {};
}

void Agent::OnStop(const std::string& computation_id) {
  const auto stopped = computation_.Stop(computation_id);
  if (stopped) SetServer(nullptr);
  cvms::ClientStreamMessage answer;
  cvms::StopComputationResponse& response = *answer.mutable_stopcomputationres();
  response.set_computation_id(computation_id);
  if (!stopped) response.set_message(stopped.error().message());
  outbox_.Push(std::move(answer));
}

void Agent::SetServer(std::unique_ptr<AgentServer> server) {
  std::unique_ptr<AgentServer> old;
  std::lock_guard lock(server_mutex_);
  old = std::exchange(server_, std::move(server));
}

}  // namespace cocos::testagent
