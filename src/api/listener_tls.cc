#include "api/listener_tls.h"

#include <utility>

#include "base/file.h"
#include "crypto/pem.h"

namespace cocos::api {
namespace {

constexpr std::size_t kMaxPemBytes = 1u << 20;

// The PEM text of a variable that holds either the text itself or the path of a file.
Result<std::string> LoadPem(const std::string& variable, const std::string& value) {
  if (value.find("-----BEGIN ") != std::string::npos) return value;
  Result<std::string> content = ReadFile(value, kMaxPemBytes);
  if (!content) return tl::unexpected(std::move(content).error().Within(variable));
  return content;
}

// gRPC says only that it cannot listen, so everything is looked at before it gets it.
Result<void> Checked(const std::string& variable, Result<void> check) {
  if (check) return {};
  return Fail(ErrorCode::kInvalidArgument, "{}: {}", variable, check.error().message());
}

Result<void> CheckPresence(const ListenerTls& tls) {
  const auto missing = [](const std::string& variable, const std::string& because) {
    return Fail(ErrorCode::kInvalidArgument, "{}: not set, but needed because {} is", variable,
                because);
  };
  if (tls.cert.empty() && !tls.key.empty()) return missing(tls.cert_variable, tls.key_variable);
  if (tls.key.empty() && !tls.cert.empty()) return missing(tls.key_variable, tls.cert_variable);
  if (tls.cert.empty() && !tls.client_ca.empty()) {
    return missing(tls.cert_variable, tls.client_ca_variable);
  }
  return {};
}

Result<grpc::SslServerCredentialsOptions::PemKeyCertPair> LoadKeyPair(const ListenerTls& tls) {
  std::string cert = COCOS_TRY(LoadPem(tls.cert_variable, tls.cert));
  COCOS_TRY(Checked(tls.cert_variable, crypto::CheckCertificatePem(cert)));
  std::string key = COCOS_TRY(LoadPem(tls.key_variable, tls.key));
  COCOS_TRY(Checked(tls.key_variable, crypto::CheckPrivateKeyPem(key)));
  COCOS_TRY(Checked(tls.key_variable, crypto::CheckKeyMatchesCertificate(key, cert)));
  return grpc::SslServerCredentialsOptions::PemKeyCertPair{std::move(key), std::move(cert)};
}

}  // namespace

Result<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const ListenerTls& tls) {
  COCOS_TRY(CheckPresence(tls));
  if (tls.cert.empty()) return grpc::InsecureServerCredentials();

  grpc::SslServerCredentialsOptions options(
      tls.client_ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                            : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_key_cert_pairs.push_back(COCOS_TRY(LoadKeyPair(tls)));
  if (!tls.client_ca.empty()) {
    options.pem_root_certs = COCOS_TRY(LoadPem(tls.client_ca_variable, tls.client_ca));
    COCOS_TRY(Checked(tls.client_ca_variable, crypto::CheckCertificatePem(options.pem_root_certs)));
  }
  return grpc::SslServerCredentials(options);
}

std::string_view SecurityText(const ListenerTls& tls) {
  if (tls.cert.empty()) return "without TLS";
  return tls.client_ca.empty() ? "with TLS" : "with TLS/mTLS";
}

}  // namespace cocos::api
