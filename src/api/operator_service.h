// cocos.operators.v1.Operator: what runs, every change as it happens, and what guests say.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/attest.h"
#include "api/guest_streams.h"
#include "api/request_observer.h"
#include "api/stream_places.h"
#include "base/logger.h"
#include "cvm/manager.h"
#include "proto/operator.grpc.pb.h"

namespace cocos::api {

// Called on gRPC's threads. A stream keeps one of them for as long as it lasts, so the numbers of
// watchers and of streams of guests are bounded.
class OperatorService final : public operators::v1::Operator::Service {
 public:
  static constexpr int kMaxWatchers = 64;
  static constexpr int kMaxAttestations = 8;
  static constexpr int kMaxGuestStreams = 64;

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

  // What guests say (guest_streams.h). RESOURCE_EXHAUSTED when too many streams are open already.
  grpc::Status StreamLogs(grpc::ServerContext* context,
                          const operators::v1::StreamLogsRequest* request,
                          grpc::ServerWriter<operators::v1::StreamLogsResponse>* writer) override;
  grpc::Status StreamConsole(
      grpc::ServerContext* context, const operators::v1::StreamConsoleRequest* request,
      grpc::ServerWriter<operators::v1::StreamConsoleResponse>* writer) override;

  // Ends all streams, now and later.
  void StopWatching() { stopping_ = true; }

 private:
  using Writer = grpc::ServerWriter<operators::v1::WatchCvmsResponse>;

  Result<void> Watch(const grpc::ServerContext& context,
                     const operators::v1::WatchCvmsRequest& request, Writer& writer);
  struct Range {
    std::uint64_t after = 0;
    std::optional<std::uint64_t> until;  // none: for ever
    std::vector<cvm::ChangeKind> kinds;
  };
  static Result<Range> RangeOf(const operators::v1::WatchCvmsRequest& request,
                               std::uint64_t last_revision);
  Result<void> Follow(const grpc::ServerContext& context, const Range& range, Writer& writer);
  template <typename Request, typename Response>
  Result<void> StreamGuest(const grpc::ServerContext& context, const Request& request,
                           grpc::ServerWriter<Response>& writer,
                           Result<void> (*stream)(const GuestStream&, const Request&,
                                                  grpc::ServerWriter<Response>&));

  Result<AttestOutcome> AttestNow(const grpc::ServerContext& context, const std::string& id);

  cvm::Manager& manager_;
  Logger& logger_;
  RequestObserver& observer_;
  std::atomic<bool> stopping_ = false;
  StreamPlaces watchers_{kMaxWatchers};
  StreamPlaces guest_streams_{kMaxGuestStreams};
  StreamPlaces attestations_{kMaxAttestations};
  const api::Attest attest_;
};

}  // namespace cocos::api
