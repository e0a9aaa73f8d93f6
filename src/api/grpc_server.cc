#include "api/grpc_server.h"

#include <fmt/format.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "api/convert.h"
#include "api/listen_address.h"

namespace cocos::api {
namespace {

constexpr char kHealthServiceName[] = "manager";
constexpr char kTlsVariablePrefix[] = "MANAGER_GRPC_";

// A request is a few texts and three PEM files.
constexpr int kMaxRequestBytes = 4 << 20;
constexpr int kMaxMetadataBytes = 16 << 10;
constexpr int kMaxStreamsPerConnection = 128;
constexpr std::size_t kMaxBufferBytes = 64u << 20;
// Watchers and calls that wait for the hypervisor hold one thread each. Beyond this, calls are
// refused with RESOURCE_EXHAUSTED.
constexpr int kMaxThreads = 256;

constexpr int kKeepaliveMs = 60'000;  // ping a silent client, so that dead watchers go
constexpr int kKeepaliveTimeoutMs = 20'000;
constexpr int kMinClientPingMs = 10'000;  // a client that pings more often is disconnected

void SetLimits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  grpc::ResourceQuota quota("cocos-manager-api");
  quota.Resize(kMaxBufferBytes).SetMaxThreads(kMaxThreads);
  builder.SetResourceQuota(quota);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinClientPingMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // gRPC's default lets a second server share the port silently.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

// Both are process-wide switches of gRPC that act on servers built afterwards; setting them again
// changes nothing.
void EnableHealthAndReflection() {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
}

void LogListening(const ListenerOptions& options, std::uint16_t port,
                  const std::vector<ListenAddress>& addresses, Logger& logger) {
  const std::string address = HostPort(options.host, port);
  logger.Info(fmt::format("manager service gRPC server listening at {} {}", address,
                          crypto::SecurityText(options.tls)));
  const bool is_local = std::ranges::all_of(addresses, &ListenAddress::is_loopback);
  if (is_local || options.tls.enabled()) return;
  logger.Warn(
      fmt::format("{0} is reachable from other hosts in plain text: whoever reaches it can "
                  "create and remove CVMs; set {1}SERVER_CERT and {1}SERVER_KEY, and "
                  "{1}CLIENT_CA_CERTS to ask for client certificates",
                  address, kTlsVariablePrefix));
}

Result<std::shared_ptr<grpc::ServerCredentials>> MakeCredentials(const ListenerTls& tls) {
  crypto::ListenerPem pem = COCOS_TRY(crypto::LoadListenerPem(tls, kTlsVariablePrefix));
  if (pem.cert.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(
      pem.client_cas.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                             : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_key_cert_pairs.push_back({std::move(pem.key), std::move(pem.cert)});
  options.pem_root_certs = std::move(pem.client_cas);
  return grpc::SslServerCredentials(options);
}

}  // namespace

Result<std::unique_ptr<GrpcServer>> GrpcServer::Start(const ListenerOptions& options,
                                                      ManagerService& manager_service,
                                                      OperatorService& operator_service,
                                                      Logger& logger) {
  const auto credentials = COCOS_TRY(MakeCredentials(options.tls));
  const std::vector<ListenAddress> addresses = COCOS_TRY(FindListenAddresses(options));
  EnableHealthAndReflection();
  grpc::ServerBuilder builder;
  SetLimits(builder);
  int port = options.port;
  for (const ListenAddress& address : addresses) {
    builder.AddListeningPort(address.text, credentials, &port);
  }
  builder.RegisterService(&manager_service);
  builder.RegisterService(&operator_service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return Fail(ErrorCode::kFailedPrecondition, "gRPC server: cannot listen at {}",
                HostPort(options.host, options.port));
  }
  server->GetHealthCheckService()->SetServingStatus(kHealthServiceName, true);
  const auto bound_port = static_cast<std::uint16_t>(port);
  LogListening(options, bound_port, addresses, logger);
  return std::unique_ptr<GrpcServer>(
      new GrpcServer(std::move(server), bound_port, operator_service));
}

GrpcServer::~GrpcServer() {
  if (!is_shut_down_) Shutdown(std::chrono::milliseconds(0));
}

void GrpcServer::Shutdown(std::chrono::milliseconds grace) {
  is_shut_down_ = true;
  // For all services, the nameless one included.
  server_->GetHealthCheckService()->SetServingStatus(false);
  operator_service_.StopWatching();
  server_->Shutdown(std::chrono::system_clock::now() + grace);
  server_->Wait();
}

}  // namespace cocos::api
