// cocos.operators.v1.Operator: what runs, and every change as it happens.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "api/attest.h"
#include "api/request_observer.h"
#include "base/logger.h"
#include "cvm/manager.h"
#include "proto/operator.grpc.pb.h"

namespace cocos::api {

// Called on gRPC's threads. A watcher keeps one of them for as long as it watches, so their number
// is bounded.
class OperatorService final : public operators::v1::Operator::Service {
 public:
  static constexpr int kMaxWatchers = 64;
  static constexpr int kMaxAttestations = 8;

  // All must outlive the service.
  // Without `attest` CVMs cannot be attested on demand.
  OperatorService(cvm::Manager& manager, Logger& logger, RequestObserver& observer,
                  api::Attest attest = {})
      : manager_(manager), logger_(logger), observer_(observer), attest_(std::move(attest)) {}

  grpc::Status ListCvms(grpc::ServerContext* context, const operators::v1::ListCvmsRequest* request,
                        operators::v1::ListCvmsResponse* response) override;
  grpc::Status GetCvm(grpc::ServerContext* context, const operators::v1::GetCvmRequest* request,
                      operators::v1::GetCvmResponse* response) override;
  // Headers go out at once, so a client knows from when on it sees everything. Ends with CANCELLED
  // when the client or the server goes, with FAILED_PRECONDITION when the watcher fell behind what
  // the feed keeps, with RESOURCE_EXHAUSTED when too many watch already.
  grpc::Status WatchCvms(grpc::ServerContext* context,
                         const operators::v1::WatchCvmsRequest* request,
                         grpc::ServerWriter<operators::v1::WatchCvmsResponse>* writer) override;

  // Asks an agent, for 30 s or the client's own deadline at most, and keeps a thread for as long:
  // RESOURCE_EXHAUSTED when as many do already.
  grpc::Status Attest(grpc::ServerContext* context, const operators::v1::AttestRequest* request,
                      operators::v1::AttestResponse* response) override;

  // Ends all watching, now and later.
  void StopWatching() { stopping_ = true; }

 private:
  using Writer = grpc::ServerWriter<operators::v1::WatchCvmsResponse>;

  Result<void> Watch(const grpc::ServerContext& context,
                     const operators::v1::WatchCvmsRequest& request, Writer& writer);
  Result<void> Follow(const grpc::ServerContext& context, std::uint64_t revision, Writer& writer);

  Result<AttestOutcome> AttestNow(const grpc::ServerContext& context, const std::string& id);

  cvm::Manager& manager_;
  Logger& logger_;
  RequestObserver& observer_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> watchers_ = 0;
  const api::Attest attest_;
  std::atomic<int> attestations_ = 0;
};

}  // namespace cocos::api
