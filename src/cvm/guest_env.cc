#include "cvm/guest_env.h"

#include <string_view>

namespace cocos::cvm {

std::string RenderGuestEnvironment(const CvmId& id, const CreateRequest& request) {
  std::string text;
  const auto add = [&text](std::string_view key, std::string_view value) {
    text += fmt::format("{}={}\n", key, value);
  };
  const auto add_if = [&add](bool present, std::string_view key, std::string_view value) {
    if (present) add(key, value);
  };
  add("AGENT_LOG_LEVEL", request.agent_log_level);
  add("AGENT_CVM_GRPC_URL", request.agent_cvm_server_url);
  add("AGENT_CVM_ID", id.text());
  add("AGENT_CVM_CA_URL", request.agent_cvm_ca_url);
  add("AGENT_CERTS_TOKEN", request.agent_certs_token);
  add_if(!request.client_cert_pem.empty(), "AGENT_CVM_GRPC_CLIENT_CERT", "/etc/certs/cert.pem");
  add_if(!request.client_key_pem.empty(), "AGENT_CVM_GRPC_CLIENT_KEY", "/etc/certs/key.pem");
  add_if(!request.server_ca_pem.empty(), "AGENT_CVM_GRPC_SERVER_CA_CERTS", "/etc/certs/ca.pem");
  add_if(!request.aws_access_key_id.empty(), "AWS_ACCESS_KEY_ID", request.aws_access_key_id);
  add_if(!request.aws_secret_access_key.empty(), "AWS_SECRET_ACCESS_KEY",
         request.aws_secret_access_key);
  add_if(!request.aws_endpoint_url.empty(), "AWS_ENDPOINT_URL", request.aws_endpoint_url);
  add_if(!request.aws_region.empty(), "AWS_REGION", request.aws_region);
  return text;
}

}  // namespace cocos::cvm
