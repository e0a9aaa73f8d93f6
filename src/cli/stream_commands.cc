#include "cli/stream_commands.h"

#include <grpcpp/client_context.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/console_text.h"
#include "cli/format.h"
#include "proto/operator.grpc.pb.h"

namespace cocos::cli {
namespace {

namespace pb = operators::v1;

Result<std::unique_ptr<pb::Operator::Stub>> OpenStub(const ManagerOptions& manager, bool follow,
                                                     grpc::ClientContext& context) {
  ConnectionOptions connection = manager.connection;
  if (follow) {
    connection.keepalive = WatchOptions{}.keepalive;
  } else {
    ApplyTimeout(manager, context);
  }
  return pb::Operator::NewStub(COCOS_TRY(OpenChannel(connection)));
}

// Calls `print` for every message until the stream ends or nobody reads what is printed.
template <typename Response, typename Print>
Result<void> ReadAll(grpc::ClientContext& context, grpc::ClientReader<Response>& reader,
                     const Streams& streams, const Print& print) {
  Response response;
  while (reader.Read(&response)) {
    print(response);
    if (streams.out) continue;
    context.TryCancel();
    static_cast<void>(reader.Finish());
    return {};  // the caller finds the stream broken
  }
  const grpc::Status status = reader.Finish();
  if (!status.ok()) return tl::unexpected(StatusError(status));
  return {};
}

pb::LogSource SourceOf(const std::string& name) {
  if (name == "agent") return pb::LOG_SOURCE_AGENT;
  if (name == "console") return pb::LOG_SOURCE_CONSOLE;
  return pb::LOG_SOURCE_UNSPECIFIED;
}

}  // namespace

Result<void> ShowLogs(const ManagerOptions& manager, const std::string& id,
                      const LogsOptions& options, const Streams& streams) {
  grpc::ClientContext context;
  const auto stub = COCOS_TRY(OpenStub(manager, options.follow, context));
  pb::StreamLogsRequest request;
  request.set_id(id);
  request.set_source(SourceOf(options.source));
  request.set_follow(options.follow);
  if (options.since) *request.mutable_since() = *options.since;
  if (options.tail) request.set_tail(*options.tail);
  const auto reader = stub->StreamLogs(&context, request);
  return ReadAll(context, *reader, streams, [&](const pb::StreamLogsResponse& entry) {
    if (manager.json) {
      streams.out << LogJson(entry).dump() << std::endl;
    } else {
      streams.out << FormatLog(entry) << std::flush;
    }
  });
}

Result<void> ShowConsole(const ManagerOptions& manager, const std::string& id,
                         const ConsoleOptions& options, const Streams& streams) {
  grpc::ClientContext context;
  const auto stub = COCOS_TRY(OpenStub(manager, options.follow, context));
  pb::StreamConsoleRequest request;
  request.set_id(id);
  request.set_follow(options.follow);
  const bool printable = streams.out_is_terminal && !options.raw;
  ConsoleText text;
  const auto reader = stub->StreamConsole(&context, request);
  COCOS_TRY(ReadAll(context, *reader, streams, [&](const pb::StreamConsoleResponse& piece) {
    if (piece.lost()) {
      streams.err << "cvmctl: console: output is missing here, it was cut off" << std::endl;
    }
    streams.out << (printable ? text.Take(piece.data()) : piece.data()) << std::flush;
  }));
  streams.out << text.TakeRest() << std::flush;
  return {};
}

}  // namespace cocos::cli
