#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "cms/stream.h"
#include "crypto/pem.h"

namespace cocos::cms {
namespace {

constexpr const char* kCertName = "MANAGER_GRPC_CLIENT_CERT";
constexpr const char* kKeyName = "MANAGER_GRPC_CLIENT_KEY";
constexpr const char* kCaName = "MANAGER_GRPC_SERVER_CA_CERTS";

Result<void> Named(std::string_view name, Result<void> checked) {
  if (checked) return {};
  return tl::unexpected(std::move(checked).error().Within(name));
}

Result<void> LoadCa(const Endpoint& endpoint, grpc::SslCredentialsOptions& ssl) {
  if (endpoint.server_ca.empty()) return {};
  ssl.pem_root_certs = COCOS_TRY(crypto::LoadPem(kCaName, endpoint.server_ca));
  return Named(kCaName, crypto::CheckCertificatePem(ssl.pem_root_certs));
}

Result<void> LoadIdentity(const Endpoint& endpoint, grpc::SslCredentialsOptions& ssl) {
  if (endpoint.client_cert.empty()) return {};
  ssl.pem_cert_chain = COCOS_TRY(crypto::LoadPem(kCertName, endpoint.client_cert));
  ssl.pem_private_key = COCOS_TRY(crypto::LoadPem(kKeyName, endpoint.client_key));
  COCOS_TRY(Named(kCertName, crypto::CheckCertificatePem(ssl.pem_cert_chain)));
  COCOS_TRY(Named(kKeyName, crypto::CheckPrivateKeyPem(ssl.pem_private_key)));
  return Named(kKeyName,
               crypto::CheckKeyMatchesCertificate(ssl.pem_private_key, ssl.pem_cert_chain));
}

Result<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const Endpoint& endpoint) {
  if (endpoint.server_ca.empty() && endpoint.client_cert.empty()) {
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions ssl;
  COCOS_TRY(LoadCa(endpoint, ssl));
  COCOS_TRY(LoadIdentity(endpoint, ssl));
  return grpc::SslCredentials(ssl);
}

}  // namespace

Result<std::shared_ptr<grpc::Channel>> Dial(const Endpoint& endpoint) {
  const auto credentials = COCOS_TRY(Credentials(endpoint));
  grpc::ChannelArguments arguments;
  // A connection of its own for each attempt: gRPC's back-off would add to ours.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // Its name says otherwise, but this is how long an attempt may take.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
                   static_cast<int>(endpoint.connect_timeout.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                   static_cast<int>(endpoint.keepalive_interval.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   static_cast<int>(endpoint.keepalive_timeout.count()));
  // By default a client that only listens gives up pinging after two of them.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(static_cast<int>(endpoint.max_message_bytes));
  return grpc::CreateCustomChannel(endpoint.address, credentials, arguments);
}

}  // namespace cocos::cms
