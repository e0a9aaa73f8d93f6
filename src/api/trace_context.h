// The trace a request belongs to, as its client says.
#pragma once

#include <grpcpp/server_context.h>

#include <string>
#include <string_view>

namespace cocos::api {

// The trace id of a `traceparent` (W3C Trace Context, section 3.2): empty if it is not well-formed.
std::string TraceIdOf(std::string_view traceparent);

// Of the request's metadata; empty without a usable one.
std::string TraceIdOf(const grpc::ServerContext& context);

}  // namespace cocos::api
