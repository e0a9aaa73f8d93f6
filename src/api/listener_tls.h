// Credentials of the gRPC listener.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string_view>

#include "api/listener.h"
#include "base/result.h"

namespace cocos::api {

// Plain text, TLS or mTLS, as the values say. Errors name the variable: kInvalidArgument (one of
// the pair is missing, not PEM, the key is not the certificate's), or what reading the file gave.
Result<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const ListenerTls& tls);

// "without TLS", "with TLS" or "with TLS/mTLS".
std::string_view SecurityText(const ListenerTls& tls);

}  // namespace cocos::api
