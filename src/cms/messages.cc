#include "cms/messages.h"

#include <google/protobuf/util/time_util.h>

#include "computation/go_json.h"

namespace cocos::cms {

using google::protobuf::util::TimeUtil;

manager::ClientStreamMessage Event(std::string_view computation_id, std::string_view type,
                                   std::string_view status, std::string_view details) {
  manager::ClientStreamMessage message;
  manager::AgentEvent& event = *message.mutable_agent_event();
  event.set_event_type(std::string(type));
  *event.mutable_timestamp() = TimeUtil::GetCurrentTime();
  event.set_computation_id(std::string(computation_id));
  event.set_details(std::string(details));
  event.set_originator("manager");
  event.set_status(std::string(status));
  return message;
}

manager::ClientStreamMessage ManagerLog(std::string_view computation_id, std::string_view level,
                                        std::string_view text) {
  manager::ClientStreamMessage message;
  manager::AgentLog& log = *message.mutable_agent_log();
  log.set_message(std::string(text));
  log.set_computation_id(std::string(computation_id));
  log.set_level(std::string(level));
  *log.mutable_timestamp() = TimeUtil::GetCurrentTime();
  return message;
}

std::string ErrorDetails(const Error& error) {
  computation::GoJsonObject json;
  json.Text("code", ErrorCodeName(error.code()));
  json.Text("reason", error.reason());
  json.Text("error", error.message());
  return std::move(json).Finish();
}

manager::ClientStreamMessage RunAnswer(std::string_view computation_id, std::uint16_t agent_port) {
  manager::ClientStreamMessage message;
  message.mutable_run_res()->set_computation_id(std::string(computation_id));
  message.mutable_run_res()->set_agent_port(std::to_string(agent_port));
  return message;
}

manager::ClientStreamMessage StopAnswer(std::string_view computation_id, std::string_view error) {
  manager::ClientStreamMessage message;
  message.mutable_stopcomputationres()->set_computation_id(std::string(computation_id));
  message.mutable_stopcomputationres()->set_message(std::string(error));
  return message;
}

}  // namespace cocos::cms
