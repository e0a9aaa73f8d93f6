#include "api/operator_service.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

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

tl::unexpected<Error> ClientGone() { return Fail(ErrorCode::kCancelled, "the client went away"); }

Result<cvm::ChangeKind> KindOf(int kind) {
  switch (kind) {
    case operators::v1::CHANGE_KIND_LIFE_CYCLE:
      return cvm::ChangeKind::kLifeCycle;
    case operators::v1::CHANGE_KIND_AGENT:
      return cvm::ChangeKind::kAgent;
    case operators::v1::CHANGE_KIND_ATTESTATION:
      return cvm::ChangeKind::kAttestation;
    default:
      return Fail(ErrorCode::kInvalidArgument, "kind {}: unknown, want {} to {}", kind,
                  static_cast<int>(operators::v1::CHANGE_KIND_LIFE_CYCLE),
                  static_cast<int>(operators::v1::CHANGE_KIND_ATTESTATION));
  }
}

// A stream that was cancelled ended as streams do when nothing is wrong.
grpc::Status FinishStream(const RequestScope& scope, const std::string& text,
                          const Result<void>& streamed) {
  if (streamed || streamed.error().code() != ErrorCode::kCancelled) {
    return scope.Finish(text, ErrorOf(streamed));
  }
  scope.Finish(text, nullptr, LogLevel::kDebug);
  return ToGrpcStatus(streamed.error());
}

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
  const StreamPlaces::Place place(attestations_);
  if (!place.is_free()) {
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
  return FinishStream(scope, "Method WatchCvms", Watch(*context, *request, *writer));
}

Result<void> OperatorService::Watch(const grpc::ServerContext& context,
                                    const operators::v1::WatchCvmsRequest& request,
                                    Writer& writer) {
  const StreamPlaces::Place place(watchers_);
  if (!place.is_free()) {
    return Fail(ErrorCode::kResourceExhausted, "{} clients watch already, at most that many may",
                watchers_.limit());
  }
  const Range range = COCOS_TRY(RangeOf(request, manager_.changes().last_revision()));
  writer.SendInitialMetadata();
  return Follow(context, range, writer);
}

Result<OperatorService::Range> OperatorService::RangeOf(
    const operators::v1::WatchCvmsRequest& request, std::uint64_t last_revision) {
  if (request.from_now() && request.after_revision() != 0) {
    return Fail(ErrorCode::kInvalidArgument, "after_revision {} with from_now: want one of the two",
                request.after_revision());
  }
  if (request.from_now() && request.until_now()) {
    return Fail(ErrorCode::kInvalidArgument, "from_now with until_now: want one of the two");
  }
  Range range;
  range.after = request.from_now() ? last_revision : request.after_revision();
  if (request.until_now()) range.until = last_revision;
  for (const int number : request.kinds()) {
    const cvm::ChangeKind kind = COCOS_TRY(KindOf(number));
    range.kinds.push_back(kind);
  }
  if (range.kinds.empty()) range.kinds = {cvm::ChangeKind::kLifeCycle};
  return range;
}

Result<void> OperatorService::Follow(const grpc::ServerContext& context, const Range& range,
                                     Writer& writer) {
  std::uint64_t revision = range.after;
  std::uint64_t skipped = 0;  // to be told with the next change
  const auto is_over = [&] { return range.until && revision >= *range.until; };
  while (!context.IsCancelled()) {
    if (stopping_) return Fail(ErrorCode::kCancelled, "the manager is shutting down");
    if (is_over()) return {};
    // Those until now are there: nothing to wait for.
    const auto patience = range.until ? std::chrono::milliseconds(0) : kCancelPollInterval;
    const std::vector<cvm::Change> changes = COCOS_TRY(manager_.changes().Next(revision, patience));
    if (range.until && changes.empty()) return {};
    for (const cvm::Change& change : changes) {
      if (revision != 0) skipped += change.revision - revision - 1;
      revision = change.revision;
      if (std::ranges::count(range.kinds, change.kind) == 0) continue;
      operators::v1::WatchCvmsResponse response = ToProto(change);
      response.set_skipped(std::exchange(skipped, 0));
      if (!writer.Write(response)) return ClientGone();
    }
  }
  return ClientGone();
}

template <typename Request, typename Response>
Result<void> OperatorService::StreamGuest(const grpc::ServerContext& context,
                                          const Request& request,
                                          grpc::ServerWriter<Response>& writer,
                                          Result<void> (*stream)(const GuestStream&, const Request&,
                                                                 grpc::ServerWriter<Response>&)) {
  const StreamPlaces::Place place(guest_streams_);
  if (!place.is_free()) {
    return Fail(ErrorCode::kResourceExhausted,
                "{} streams of logs and consoles are open already, at most that many may be",
                guest_streams_.limit());
  }
  const Result<cvm::CvmId> id = cvm::CvmId::Parse(request.id());
  const bool is_known = id && manager_.Get(*id);
  if (!is_known) return Fail(ErrorCode::kNotFound, "CVM {}: not found", Shortened(request.id()));
  writer.SendInitialMetadata();
  return stream({manager_, *id, context, stopping_}, request, writer);
}

grpc::Status OperatorService::StreamLogs(
    grpc::ServerContext* context, const operators::v1::StreamLogsRequest* request,
    grpc::ServerWriter<operators::v1::StreamLogsResponse>* writer) {
  const RequestScope scope("", "stream_logs", logger_, observer_);
  return FinishStream(scope, fmt::format("Method StreamLogs for id {}", Shortened(request->id())),
                      StreamGuest(*context, *request, *writer, &api::StreamLogs));
}

grpc::Status OperatorService::StreamConsole(
    grpc::ServerContext* context, const operators::v1::StreamConsoleRequest* request,
    grpc::ServerWriter<operators::v1::StreamConsoleResponse>* writer) {
  const RequestScope scope("", "stream_console", logger_, observer_);
  return FinishStream(scope,
                      fmt::format("Method StreamConsole for id {}", Shortened(request->id())),
                      StreamGuest(*context, *request, *writer, &api::StreamConsole));
}

}  // namespace cocos::api
