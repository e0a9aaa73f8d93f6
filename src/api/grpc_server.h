// The gRPC listener with everything that is served on it.
#pragma once

#include <grpcpp/server.h>

#include <chrono>
#include <cstdint>
#include <memory>

#include "api/listener.h"
#include "api/manager_service.h"
#include "api/operator_service.h"
#include "base/logger.h"
#include "base/result.h"

namespace cocos::api {

// Serves ManagerService, Operator, grpc.health.v1.Health and reflection from Start until Shutdown.
class GrpcServer {
 public:
  // Logs where it listens, and warns about plain text that other hosts can reach. All references
  // must outlive the server. Errors: kInvalidArgument (TLS values, naming the variable),
  // kFailedPrecondition naming host and port (in use, not allowed, no such address).
  static Result<std::unique_ptr<GrpcServer>> Start(const ListenerOptions& options,
                                                   ManagerService& manager_service,
                                                   OperatorService& operator_service,
                                                   Logger& logger);
  // Shuts down at once if Shutdown was not called: calls in progress are cancelled and waited for.
  ~GrpcServer();

  std::uint16_t port() const { return port_; }

  // Reports NOT_SERVING, ends watches, refuses new calls, and waits up to `grace` for those in
  // progress; then cancels them. Returns when every handler has returned: one that is inside the
  // hypervisor notices the cancellation only when that call is over. Call once.
  void Shutdown(std::chrono::milliseconds grace);

 private:
  GrpcServer(std::unique_ptr<grpc::Server> server, std::uint16_t port,
             OperatorService& operator_service)
      : server_(std::move(server)), port_(port), operator_service_(operator_service) {}

  std::unique_ptr<grpc::Server> server_;
  const std::uint16_t port_;
  OperatorService& operator_service_;
  bool is_shut_down_ = false;
};

}  // namespace cocos::api
