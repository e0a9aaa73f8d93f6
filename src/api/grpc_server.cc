#include "api/grpc_server.h"

#include <fmt/format.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <vector>

#include "api/convert.h"
#include "api/listen_address.h"
#include "api/listener_tls.h"

namespace cocos::api {
namespace {

constexpr char kHealthServiceName[] = "manager";

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
                          SecurityText(options.tls)));
  const bool is_local = std::ranges::all_of(addresses, &ListenAddress::is_loopback);
  if (is_local || !options.tls.cert.empty()) return;
  logger.Warn(
      fmt::format("{} is reachable from other hosts in plain text: whoever reaches it can "
                  "create and remove CVMs; set {} and {}, and {} to ask for client "
                  "certificates",
                  address, options.tls.cert_variable, options.tls.key_variable,
                  options.tls.client_ca_variable));
}

}  // namespace

Result<std::unique_ptr<GrpcServer>> GrpcServer::Start(const ListenerOptions& options,
                                                      ManagerService& manager_service,
                                                      OperatorService& operator_service,
                                                      Logger& logger) {
  const auto credentials = COCOS_TRY(MakeServerCredentials(options.tls));
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
