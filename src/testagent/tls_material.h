// TLS credentials for both of the agent's connections.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "proto/cvms.pb.h"
#include "testagent/environment.h"

namespace cocos::testagent {

// For the computation service: plain text without CA and certificate, TLS, or mTLS.
// Errors: those of ReadFile, naming the file.
Result<std::shared_ptr<grpc::ChannelCredentials>> ClientCredentials(const Settings& settings);

// For the agent's users, from the manifest: plain text without certificate, TLS, or mTLS when one
// of the CAs is set. Each value is a path in the guest or PEM text itself. Errors: those of
// ReadFile; kInvalidArgument for a certificate without key or the reverse; kFailedPrecondition when
// attested TLS is asked for, which needs a TEE.
Result<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(const cvms::AgentConfig& config);

}  // namespace cocos::testagent
