#include "computation/translate.h"

namespace cocos::computation {
namespace {

// Both types number the fields they share alike, so the bytes of one are the other's; what only one
// of them knows stays as unknown fields.
template <typename To, typename From>
bool Reparse(const From& from, To& to) {
  return to.ParseFromString(from.SerializeAsString());
}

cvms::AgentConfig ToAgent(const manager::AgentConfig& config, std::uint16_t port) {
  cvms::AgentConfig translated;
  translated.set_port(std::to_string(port));
  translated.set_cert_file(config.cert_file());
  translated.set_key_file(config.key_file());
  translated.set_client_ca_file(config.client_ca_file());
  translated.set_server_ca_file(config.server_ca_file());
  translated.set_log_level(config.log_level());
  translated.set_attested_tls(config.attested_tls());
  return translated;
}

}  // namespace

Result<cvms::ComputationRunReq> ToAgent(const manager::ComputationRunReq& request,
                                        std::uint16_t agent_port) {
  manager::ComputationRunReq without_config = request;
  without_config.clear_agent_config();  // numbered otherwise
  cvms::ComputationRunReq translated;
  if (!Reparse(without_config, translated)) {
    return Fail(ErrorCode::kMalformed,
                "computation {:?}: has fields that are of another type to agents", request.id());
  }
  *translated.mutable_agent_config() = ToAgent(request.agent_config(), agent_port);
  return translated;
}

manager::ClientStreamMessage ToService(const cvms::AgentLog& log, std::string_view computation_id) {
  manager::ClientStreamMessage message;
  manager::AgentLog& translated = *message.mutable_agent_log();
  COCOS_CHECK(Reparse(log, translated));  // the same definition under two names
  translated.set_computation_id(std::string(computation_id));
  return message;
}

manager::ClientStreamMessage ToService(const cvms::AgentEvent& event,
                                       std::string_view computation_id) {
  manager::ClientStreamMessage message;
  manager::AgentEvent& translated = *message.mutable_agent_event();
  COCOS_CHECK(Reparse(event, translated));
  translated.set_computation_id(std::string(computation_id));
  return message;
}

}  // namespace cocos::computation
