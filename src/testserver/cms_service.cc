#include "testserver/cms_service.h"

#include <charconv>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "computation/run_chunks.h"

namespace cocos::testserver {
namespace {

std::string CertificateName(const grpc::ServerContext& context) {
  const auto auth = context.auth_context();
  const auto names = auth->FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME);
  return names.empty() ? "" : std::string(names.front().data(), names.front().size());
}

std::pair<std::string, Fields> Describe(const manager::ClientStreamMessage& message) {
  using Kind = manager::ClientStreamMessage;
  switch (message.message_case()) {
    case Kind::kAgentLog:
      return {"manager_log",
              {{"computation_id", message.agent_log().computation_id()},
               {"level", message.agent_log().level()},
               {"message", message.agent_log().message()}}};
    case Kind::kAgentEvent:
      return {"manager_event",
              {{"computation_id", message.agent_event().computation_id()},
               {"event_type", message.agent_event().event_type()},
               {"status", message.agent_event().status()},
               {"originator", message.agent_event().originator()},
               {"details", message.agent_event().details()}}};
    case Kind::kRunRes:
      return {"manager_run_response",
              {{"computation_id", message.run_res().computation_id()},
               {"agent_port", message.run_res().agent_port()}}};
    case Kind::kAttestationPolicy:
      return {"manager_policy",
              {{"id", message.attestationpolicy().id()},
               {"bytes", message.attestationpolicy().info().size()}}};
    case Kind::kStopComputationRes:
      return {"manager_stop_response",
              {{"computation_id", message.stopcomputationres().computation_id()},
               {"message", message.stopcomputationres().message()}}};
    case Kind::kSvmInfo:
      return {"manager_info",
              {{"id", message.svm_info().id()}, {"cpu_num", message.svm_info().cpu_num()}}};
    case Kind::MESSAGE_NOT_SET:
      break;
  }
  return {"manager_unknown_message", {{"bytes", message.ByteSizeLong()}}};
}

manager::ServerStreamMessage ChunkOf(const std::string& id, std::string data) {
  manager::ServerStreamMessage message;
  message.mutable_runreqchunks()->set_id(id);
  message.mutable_runreqchunks()->set_data(std::move(data));
  return message;
}

using Messages = std::vector<manager::ServerStreamMessage>;

// 0 for what is no number.
std::size_t CountOf(const std::string& text) {
  std::size_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

}  // namespace

CmsService::CmsService(manager::ComputationRunReq run, CmsEra era, bool run_at_once,
                       JsonLines& lines)
    : run_(std::move(run)), era_(era), run_at_once_(run_at_once), lines_(lines) {}

grpc::Status CmsService::Process(
    grpc::ServerContext* context,
    grpc::ServerReaderWriter<manager::ServerStreamMessage, manager::ClientStreamMessage>* stream) {
  const Session session{context, stream};
  {
    std::lock_guard lock(mutex_);
    sessions_.insert(session);
    if (run_at_once_) {
      for (const auto& message : RunMessages(run_.id())) stream->Write(message);
    }
  }
  lines_.Print("manager_connected",
               {{"peer", context->peer()}, {"certificate_cn", CertificateName(*context)}});
  manager::ClientStreamMessage message;
  while (!WaitWhileStalled(*context) && stream->Read(&message)) {
    auto [kind, fields] = Describe(message);
    lines_.Print(kind, fields);
  }
  lines_.Print("manager_disconnected");
  std::lock_guard lock(mutex_);
  sessions_.erase(session);
  return grpc::Status::OK;
}

std::vector<manager::ServerStreamMessage> CmsService::RunMessages(const std::string& id) const {
  manager::ComputationRunReq run = run_;
  run.set_id(id);
  auto messages =
      computation::SplitRunRequest<manager::ServerStreamMessage>(id, run.SerializeAsString());
  if (era_ == CmsEra::kV040) return messages;
  for (manager::ServerStreamMessage& each : messages) {
    each.mutable_runreqchunks()->clear_id();
    each.mutable_runreqchunks()->clear_is_last();
  }
  return messages;
}

std::size_t CmsService::Broadcast(const std::vector<manager::ServerStreamMessage>& messages) {
  std::lock_guard lock(mutex_);
  for (const Session& session : sessions_) {
    for (const auto& message : messages) session.stream->Write(message);
  }
  return sessions_.size();
}

// True when the stream ended meanwhile.
bool CmsService::WaitWhileStalled(const grpc::ServerContext& context) const {
  constexpr std::chrono::milliseconds kStep(50);
  while (Clock::now().time_since_epoch().count() < stalled_until_) {
    if (context.IsCancelled()) return true;
    std::this_thread::sleep_for(kStep);
  }
  return false;
}

std::size_t CmsService::Stall(std::chrono::seconds duration) {
  stalled_until_ = (Clock::now() + duration).time_since_epoch().count();
  std::lock_guard lock(mutex_);
  return sessions_.size();
}

std::size_t CmsService::Drop() {
  std::lock_guard lock(mutex_);
  for (const Session& session : sessions_) session.context->TryCancel();
  return sessions_.size();
}

Result<std::size_t> CmsService::Command(const std::string& words) {
  std::istringstream text(words);
  std::string word;
  std::string argument = run_.id();
  text >> word >> argument;
  if (argument.empty()) argument = run_.id();
  manager::ServerStreamMessage message;
  if (word == "run") return Broadcast(RunMessages(argument));
  if (word == "drop") return Drop();
  if (word == "garbage") return Broadcast({ChunkOf("garbage", "\xff\xff"), ChunkOf("garbage", "")});
  if (word == "stall") return Stall(std::chrono::seconds(CountOf(argument)));
  if (word == "endless") {
    const auto chunk = ChunkOf("endless", std::string(computation::kChunkBytes, 'x'));
    return Broadcast(Messages(CountOf(argument), chunk));
  }
  if (word == "flood") {
    message.mutable_svminforeq()->set_id("flood");
    return Broadcast(Messages(CountOf(argument), message));
  }
  if (word == "stop") {
    message.mutable_stopcomputation()->set_computation_id(argument);
  } else if (word == "policy") {
    message.mutable_attestationpolicyreq()->set_id(argument);
  } else if (word == "info") {
    message.mutable_svminforeq()->set_id(argument);
  } else if (word == "terminate") {
    message.mutable_terminatereq()->set_message("as commanded");
  } else {
    return Fail(ErrorCode::kInvalidArgument,
                "command \"cms {}\": want run, stop, policy, info, terminate, drop, stall, "
                "garbage, endless or flood",
                words);
  }
  return Broadcast({message});
}

}  // namespace cocos::testserver
