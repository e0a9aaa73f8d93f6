#include "api/operator_service.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "api/convert.h"
#include "api/request_scope.h"
#include "api/status.h"

namespace cocos::api {
namespace {

// How long a watcher may take to notice that its client or this server goes. Changes do not wait
// for it: they wake the watcher.
constexpr std::chrono::milliseconds kCancelPollInterval{250};

// How long an agent may take: evidence of hardware takes seconds.
constexpr std::chrono::seconds kAttestLimit{30};

// Gives back a place among the watchers.
class WatcherPlace {
 public:
  explicit WatcherPlace(std::atomic<int>& watchers) : watchers_(watchers), count_(++watchers) {}
  WatcherPlace(const WatcherPlace&) = delete;
  WatcherPlace& operator=(const WatcherPlace&) = delete;
  ~WatcherPlace() { --watchers_; }

  int count() const { return count_; }

 private:
  std::atomic<int>& watchers_;
  const int count_;
};

tl::unexpected<Error> ClientGone() { return Fail(ErrorCode::kCancelled, "the client went away"); }

}  // namespace

grpc::Status OperatorService::ListCvms(grpc::ServerContext*, const operators::v1::ListCvmsRequest*,
                                       operators::v1::ListCvmsResponse* response) {
  const RequestScope scope("", "list_cvms", logger_, observer_);
  const cvm::ListResult list = manager_.List();
  for (const cvm::Snapshot& snapshot : list.cvms) *response->add_cvms() = ToProto(snapshot);
  response->set_revision(list.revision);
  return scope.Finish("Method ListCvms", nullptr, LogLevel::kDebug);
}

grpc::Status OperatorService::GetCvm(grpc::ServerContext*,
                                     const operators::v1::GetCvmRequest* request,
                                     operators::v1::GetCvmResponse* response) {
  const RequestScope scope("", "get_cvm", logger_, observer_);
  const std::string id = Shortened(request->id());
  Result<cvm::CvmId> parsed = cvm::CvmId::Parse(request->id());
  Result<cvm::Snapshot> snapshot =
      parsed ? manager_.Get(*parsed) : Fail(ErrorCode::kNotFound, "entity not found");
  if (snapshot) {
    *response->mutable_cvm() = ToProto(*snapshot);
    AddLaunchInputs(*snapshot, *response->mutable_cvm());
  } else if (snapshot.error().code() == ErrorCode::kNotFound) {
    snapshot = Fail(ErrorCode::kNotFound, "CVM {}: not found", id);
  }
  return scope.Finish(fmt::format("Method GetCvm for id {}", id), ErrorOf(snapshot),
                      LogLevel::kDebug);
}

grpc::Status OperatorService::Attest(grpc::ServerContext* context,
                                     const operators::v1::AttestRequest* request,
                                     operators::v1::AttestResponse* response) {
  const RequestScope scope("", "attest", logger_, observer_);
  const std::string id = Shortened(request->id());
  Result<AttestOutcome> outcome = AttestNow(*context, request->id());
  if (outcome) {
    *response = ToProto(*outcome);
  } else if (outcome.error().code() == ErrorCode::kNotFound) {
    outcome = Fail(ErrorCode::kNotFound, "CVM {}: not found", id);
  }
  return scope.Finish(fmt::format("Method Attest for id {}", id), ErrorOf(outcome));
}

Result<AttestOutcome> OperatorService::AttestNow(const grpc::ServerContext& context,
                                                 const std::string& id) {
  const WatcherPlace place(attestations_);
  if (place.count() > kMaxAttestations) {
    return Fail(ErrorCode::kResourceExhausted,
                "{} CVMs are being attested already, at most that many may", kMaxAttestations);
  }
  const Result<cvm::CvmId> parsed = cvm::CvmId::Parse(id);
  if (!parsed) return Fail(ErrorCode::kNotFound, "entity not found");
  if (!attest_) return Fail(ErrorCode::kFailedPrecondition, "this manager attests nothing");
  return attest_(*parsed,
                 std::min(context.deadline(), std::chrono::system_clock::now() + kAttestLimit));
}

grpc::Status OperatorService::WatchCvms(grpc::ServerContext* context,
                                        const operators::v1::WatchCvmsRequest* request,
                                        Writer* writer) {
  const RequestScope scope("", "watch_cvms", logger_, observer_);
  const Result<void> watched = Watch(*context, *request, *writer);
  if (watched || watched.error().code() != ErrorCode::kCancelled) {
    return scope.Finish("Method WatchCvms", ErrorOf(watched));
  }
  // How a watch ends when nothing is wrong.
  scope.Finish("Method WatchCvms", nullptr, LogLevel::kDebug);
  return ToGrpcStatus(watched.error());
}

Result<void> OperatorService::Watch(const grpc::ServerContext& context,
                                    const operators::v1::WatchCvmsRequest& request,
                                    Writer& writer) {
  const WatcherPlace place(watchers_);
  if (place.count() > kMaxWatchers) {
    return Fail(ErrorCode::kResourceExhausted, "{} clients watch already, at most that many may",
                kMaxWatchers);
  }
  if (request.from_now() && request.after_revision() != 0) {
    return Fail(ErrorCode::kInvalidArgument, "after_revision {} with from_now: want one of the two",
                request.after_revision());
  }
  const std::uint64_t revision =
      request.from_now() ? manager_.changes().last_revision() : request.after_revision();
  writer.SendInitialMetadata();
  return Follow(context, revision, writer);
}

Result<void> OperatorService::Follow(const grpc::ServerContext& context, std::uint64_t revision,
                                     Writer& writer) {
  while (!context.IsCancelled()) {
    if (stopping_) return Fail(ErrorCode::kCancelled, "the manager is shutting down");
    const std::vector<cvm::Change> changes =
        COCOS_TRY(manager_.changes().Next(revision, kCancelPollInterval));
    for (const cvm::Change& change : changes) {
      if (!writer.Write(ToProto(change))) return ClientGone();
      revision = change.revision;
    }
  }
  return ClientGone();
}

}  // namespace cocos::api
