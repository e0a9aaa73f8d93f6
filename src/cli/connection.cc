#include "cli/connection.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <array>

#include "base/file.h"
#include "crypto/pem.h"

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

Result<void> Named(const std::string& path, Result<void> checked) {
  if (checked) return {};
  return tl::unexpected(std::move(checked).error().Within(path));
}

// gRPC only logs what is wrong with such files, and calls the server unavailable.
Result<void> CheckPem(const ConnectionOptions& options, const grpc::SslCredentialsOptions& ssl) {
  if (!options.server_ca.empty()) {
    COCOS_TRY(Named(options.server_ca, crypto::CheckCertificatePem(ssl.pem_root_certs)));
  }
  if (options.client_cert.empty()) return {};
  COCOS_TRY(Named(options.client_cert, crypto::CheckCertificatePem(ssl.pem_cert_chain)));
  COCOS_TRY(Named(options.client_key, crypto::CheckPrivateKeyPem(ssl.pem_private_key)));
  return Named(options.client_key,
               crypto::CheckKeyMatchesCertificate(ssl.pem_private_key, ssl.pem_cert_chain));
}

// By default a channel pauses up to two minutes between attempts and fails all calls meanwhile.
void SetPatience(grpc::ChannelArguments& arguments) {
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1000);
}

void SetKeepalive(const Keepalive& keepalive, grpc::ChannelArguments& arguments) {
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(keepalive.interval.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, static_cast<int>(keepalive.timeout.count()));
  // By default a client that only listens gives up pinging after two of them.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
}

Result<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const ConnectionOptions& options) {
  if (!UsesTls(options)) return grpc::InsecureChannelCredentials();
  if (options.client_cert.empty() != options.client_key.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "client certificate and key: want both or neither");
  }
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = COCOS_TRY(ReadIfGiven(options.server_ca));
  ssl.pem_cert_chain = COCOS_TRY(ReadIfGiven(options.client_cert));
  ssl.pem_private_key = COCOS_TRY(ReadIfGiven(options.client_key));
  COCOS_TRY(CheckPem(options, ssl));
  return grpc::SslCredentials(ssl);
}

}  // namespace

bool UsesTls(const ConnectionOptions& options) {
  return !options.server_ca.empty() || !options.client_cert.empty() || !options.client_key.empty();
}

Result<std::shared_ptr<grpc::Channel>> OpenChannel(const ConnectionOptions& options) {
  const auto credentials = COCOS_TRY(Credentials(options));
  grpc::ChannelArguments arguments;
  SetPatience(arguments);
  if (options.keepalive) SetKeepalive(*options.keepalive, arguments);
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
