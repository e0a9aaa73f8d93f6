#include "testserver/message_lines.h"

#include <google/protobuf/util/time_util.h>

namespace cocos::testserver {
namespace {

std::string TimeText(const google::protobuf::Timestamp& time) {
  return google::protobuf::util::TimeUtil::ToString(time);
}

Fields EventFields(const cvms::AgentEvent& event) {
  return {{"event_type", event.event_type()},         {"status", event.status()},
          {"originator", event.originator()},         {"computation_id", event.computation_id()},
          {"timestamp", TimeText(event.timestamp())}, {"details", event.details()}};
}

Fields LogFields(const cvms::AgentLog& log) {
  return {{"level", log.level()},
          {"message", log.message()},
          {"computation_id", log.computation_id()},
          {"timestamp", TimeText(log.timestamp())}};
}

template <typename Evidence>
Fields EvidenceFields(const Evidence& evidence) {
  return {{"present", !evidence.file().empty()},
          {"bytes", evidence.file().size()},
          {"cert_serial_number", evidence.certserialnumber()}};
}

}  // namespace

MessageLine DescribeMessage(const cvms::ClientStreamMessage& message) {
  switch (message.message_case()) {
    case cvms::ClientStreamMessage::kAgentLog:
      return {"log", LogFields(message.agent_log())};
    case cvms::ClientStreamMessage::kAgentEvent:
      return {"event", EventFields(message.agent_event())};
    case cvms::ClientStreamMessage::kRunRes:
      return {"run_response",
              {{"computation_id", message.run_res().computation_id()},
               {"error", message.run_res().error()}}};
    case cvms::ClientStreamMessage::kStopComputationRes:
      return {"stop_response",
              {{"computation_id", message.stopcomputationres().computation_id()},
               {"error", message.stopcomputationres().message()}}};
    case cvms::ClientStreamMessage::kAgentStateRes:
      return {"agent_state",
              {{"id", message.agentstateres().id()}, {"state", message.agentstateres().state()}}};
    case cvms::ClientStreamMessage::kVTPMattestationReport:
      return {"attestation", EvidenceFields(message.vtpmattestationreport())};
    case cvms::ClientStreamMessage::kAzureAttestationToken:
      return {"azure_token", EvidenceFields(message.azureattestationtoken())};
    case cvms::ClientStreamMessage::MESSAGE_NOT_SET:
      break;
  }
  return {"unknown_message", {{"bytes", message.ByteSizeLong()}}};
}

}  // namespace cocos::testserver
