#include "testserver/server.h"

#include <chrono>
#include <utility>

#include "base/file.h"
#include "computation/run_chunks.h"

namespace cocos::testserver {
namespace {

constexpr std::chrono::seconds kShutdownTimeout(2);
constexpr int kMaxMessageBytes = 64 << 20;

Result<std::shared_ptr<grpc::ServerCredentials>> Credentials(const Options& options) {
  if (options.server_cert_path.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions tls;
  std::string key = COCOS_TRY(ReadFile(options.server_key_path));
  std::string certificates = COCOS_TRY(ReadFile(options.server_cert_path));
  tls.pem_key_cert_pairs.push_back({std::move(key), std::move(certificates)});
  if (!options.client_ca_path.empty()) {
    tls.pem_root_certs = COCOS_TRY(ReadFile(options.client_ca_path));
    tls.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(tls);
}

std::string_view SecurityName(const Options& options) {
  if (options.server_cert_path.empty()) return "plain";
  return options.client_ca_path.empty() ? "tls" : "mtls";
}

std::string Address(const std::string& host, int port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

// The same computation in the other protocol; what v0.4.0 has no fields for travels as unknown
// ones.
manager::ComputationRunReq ForManagers(cvms::ComputationRunReq request) {
  manager::AgentConfig config;
  config.set_port(request.agent_config().port());
  config.set_cert_file(request.agent_config().cert_file());
  config.set_key_file(request.agent_config().key_file());
  config.set_client_ca_file(request.agent_config().client_ca_file());
  config.set_server_ca_file(request.agent_config().server_ca_file());
  config.set_log_level(request.agent_config().log_level());
  config.set_attested_tls(request.agent_config().attested_tls());
  request.clear_agent_config();
  manager::ComputationRunReq translated;
  translated.ParseFromString(request.SerializeAsString());
  *translated.mutable_agent_config() = std::move(config);
  return translated;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(const Options& options, JsonLines& lines) {
  const cvms::ComputationRunReq request = COCOS_TRY(BuildRunRequest(options.computation));
  std::unique_ptr<Server> server(new Server(request, options, lines));
  COCOS_TRY(server->Listen(options));
  lines.Print("listening", {{"address", Address(options.host, server->port())},
                            {"security", SecurityName(options)},
                            {"computation_id", options.computation.id}});
  return server;
}

Server::Server(const cvms::ComputationRunReq& request, const Options& options, JsonLines& lines)
    : computation_id_(options.computation.id),
      service_(computation::SplitRunRequest<cvms::ServerStreamMessage>(request.id(),
                                                                       request.SerializeAsString()),
               options.cvm_id, lines),
      cms_(ForManagers(request), options.cms_era, options.cms_run, lines) {}

Server::~Server() {
  if (server_) server_->Shutdown(std::chrono::system_clock::now() + kShutdownTimeout);
}

Result<void> Server::Listen(const Options& options) {
  const auto credentials = COCOS_TRY(Credentials(options));
  const std::string address = Address(options.host, options.port);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, credentials, &port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.RegisterService(&cms_);
  builder.RegisterCallbackGenericService(&service_);
  server_ = builder.BuildAndStart();
  if (!server_ || port == 0) {
    return Fail(ErrorCode::kUnavailable, "cannot listen on {} ({})", address,
                SecurityName(options));
  }
  port_ = static_cast<std::uint16_t>(port);
  return {};
}

Result<std::size_t> Server::Command(const std::string& word) {
  if (word.starts_with("cms ")) return cms_.Command(word.substr(4));
  cvms::ServerStreamMessage message;
  if (word == "stop") {
    message.mutable_stopcomputation()->set_computation_id(computation_id_);
  } else if (word == "state") {
    message.mutable_agentstatereq()->set_id(computation_id_);
  } else if (word == "disconnect") {
    message.mutable_disconnectreq()->set_id(computation_id_);
  } else {
    return Fail(ErrorCode::kInvalidArgument,
                "command \"{}\": want stop, state, disconnect or cms ...", word);
  }
  return service_.Broadcast(message);
}

}  // namespace cocos::testserver
