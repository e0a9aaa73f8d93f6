#include "testagent/tls_material.h"

#include <utility>

#include "base/file.h"

namespace cocos::testagent {
namespace {

Result<std::string> PathOrPem(const std::string& value) {
  if (value.empty() || value.find("-----BEGIN ") != std::string::npos) return value;
  return ReadFile(value);
}

}  // namespace

Result<std::shared_ptr<grpc::ChannelCredentials>> ClientCredentials(const Settings& settings) {
  if (settings.server_ca_path.empty() && settings.client_cert_path.empty()) {
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions tls;
  if (!settings.server_ca_path.empty()) {
    tls.pem_root_certs = COCOS_TRY(ReadFile(settings.server_ca_path));
  }
  if (!settings.client_cert_path.empty()) {
    tls.pem_cert_chain = COCOS_TRY(ReadFile(settings.client_cert_path));
    tls.pem_private_key = COCOS_TRY(ReadFile(settings.client_key_path));
  }
  return grpc::SslCredentials(tls);
}

Result<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(
    const cvms::AgentConfig& config) {
  if (config.attested_tls()) {
    return Fail(ErrorCode::kFailedPrecondition, "attested TLS: this agent has no TEE");
  }
  if (config.cert_file().empty() != config.key_file().empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "agent_config: cert_file and key_file: want both or neither");
  }
  if (config.cert_file().empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions tls;
  std::string key = COCOS_TRY(PathOrPem(config.key_file()));
  std::string certificates = COCOS_TRY(PathOrPem(config.cert_file()));
  tls.pem_key_cert_pairs.push_back({std::move(key), std::move(certificates)});
  const std::string client_ca = COCOS_TRY(PathOrPem(config.client_ca_file()));
  const std::string server_ca = COCOS_TRY(PathOrPem(config.server_ca_file()));
  tls.pem_root_certs = client_ca + server_ca;
  if (!tls.pem_root_certs.empty()) {
    tls.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(tls);
}

}  // namespace cocos::testagent
