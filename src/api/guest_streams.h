// What a guest says, as streams: the logs of its agent and its console.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>

#include <atomic>

#include "base/result.h"
#include "cvm/cvm_id.h"
#include "cvm/manager.h"
#include "proto/operator.pb.h"

namespace cocos::api {

// One call, on its thread. References are borrowed for it.
struct GuestStream {
  cvm::Manager& manager;
  const cvm::CvmId& id;
  const grpc::ServerContext& context;
  const std::atomic<bool>& stopping;  // the server shuts down
};

// Both return when everything kept was written, or when following, when the CVM has ended or is
// gone and the last of it was written. Errors: kNotFound for an unknown id, kInvalidArgument for a
// field, kCancelled when the client or the server goes.
Result<void> StreamLogs(const GuestStream& stream, const operators::v1::StreamLogsRequest& request,
                        grpc::ServerWriter<operators::v1::StreamLogsResponse>& writer);
Result<void> StreamConsole(const GuestStream& stream,
                           const operators::v1::StreamConsoleRequest& request,
                           grpc::ServerWriter<operators::v1::StreamConsoleResponse>& writer);

}  // namespace cocos::api
