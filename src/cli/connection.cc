#include "cli/connection.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <array>

#include "base/file.h"

namespace cocos::cli {
namespace {

constexpr std::array<const char*, 17> kCodeNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

Result<std::string> ReadIfGiven(const std::string& path) {
  if (path.empty()) return std::string();
  return ReadFile(path);
}

Result<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const ConnectionOptions& options) {
  const bool tls =
      !options.server_ca.empty() || !options.client_cert.empty() || !options.client_key.empty();
  if (!tls) return grpc::InsecureChannelCredentials();
  if (options.client_cert.empty() != options.client_key.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "client certificate and key: want both or neither");
  }
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = COCOS_TRY(ReadIfGiven(options.server_ca));
  ssl.pem_cert_chain = COCOS_TRY(ReadIfGiven(options.client_cert));
  ssl.pem_private_key = COCOS_TRY(ReadIfGiven(options.client_key));
  return grpc::SslCredentials(ssl);
}

}  // namespace

Result<std::shared_ptr<grpc::Channel>> OpenChannel(const ConnectionOptions& options) {
  const auto credentials = COCOS_TRY(Credentials(options));
  grpc::ChannelArguments arguments;
  if (!options.server_name.empty()) arguments.SetSslTargetNameOverride(options.server_name);
  // Results and data sets come in pieces, but nobody bounds an agent's pieces.
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(options.address, credentials, arguments);
}

std::string DescribeStatus(const grpc::Status& status) {
  const auto code = static_cast<std::size_t>(status.error_code());
  return fmt::format("{} ({})", status.error_message(),
                     code < kCodeNames.size() ? kCodeNames[code] : "UNKNOWN");
}

Error StatusError(const grpc::Status& status) {
  const bool transport = status.error_code() == grpc::StatusCode::UNAVAILABLE;
  return Error(transport ? ErrorCode::kUnavailable : ErrorCode::kInternal, DescribeStatus(status));
}

}  // namespace cocos::cli
