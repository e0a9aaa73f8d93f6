// Our errors as gRPC sees them.
#pragma once

#include <grpcpp/support/status.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace cocos::api {

// The status for an error, with its message. Never UNAVAILABLE or PERMISSION_DENIED: cocos-cli
// replaces those two by texts about something else, so the user would never see ours.
grpc::Status ToGrpcStatus(const Error& error);

// `text` fit for an error text or log line: at most 64 bytes, an ellipsis for the rest. For ids
// that a client sent and that no check has bounded.
std::string Shortened(std::string_view text);

}  // namespace cocos::api
