#include "crypto/listener_tls.h"

#include <utility>

#include "crypto/pem.h"

namespace cocos::crypto {
namespace {

Result<void> CheckPresence(const ListenerTls& tls, const std::string& prefix) {
  const auto missing = [&prefix](std::string_view variable, std::string_view because) {
    return Fail(ErrorCode::kInvalidArgument, "{0}{1}: not set, but needed because {0}{2} is",
                prefix, variable, because);
  };
  if (tls.cert.empty() && !tls.key.empty()) return missing("SERVER_CERT", "SERVER_KEY");
  if (tls.key.empty() && !tls.cert.empty()) return missing("SERVER_KEY", "SERVER_CERT");
  if (tls.cert.empty() && !tls.client_ca.empty()) return missing("SERVER_CERT", "CLIENT_CA_CERTS");
  if (tls.cert.empty() && !tls.server_ca.empty()) return missing("SERVER_CERT", "SERVER_CA_CERTS");
  return {};
}

Result<void> Checked(const std::string& variable, Result<void> check) {
  if (check) return {};
  return Fail(ErrorCode::kInvalidArgument, "{}: {}", variable, check.error().message());
}

Result<std::string> LoadCertificates(const std::string& variable, const std::string& value) {
  std::string pem = COCOS_TRY(LoadPem(variable, value));
  COCOS_TRY(Checked(variable, CheckCertificatePem(pem)));
  return pem;
}

}  // namespace

Result<ListenerPem> LoadListenerPem(const ListenerTls& tls, const std::string& prefix) {
  COCOS_TRY(CheckPresence(tls, prefix));
  ListenerPem pem;
  if (!tls.enabled()) return pem;
  const std::string key_variable = prefix + "SERVER_KEY";
  pem.cert = COCOS_TRY(LoadCertificates(prefix + "SERVER_CERT", tls.cert));
  pem.key = COCOS_TRY(LoadPem(key_variable, tls.key));
  COCOS_TRY(Checked(key_variable, CheckPrivateKeyPem(pem.key)));
  COCOS_TRY(Checked(key_variable, CheckKeyMatchesCertificate(pem.key, pem.cert)));
  if (!tls.client_ca.empty()) {
    pem.client_cas = COCOS_TRY(LoadCertificates(prefix + "CLIENT_CA_CERTS", tls.client_ca)) + "\n";
  }
  if (!tls.server_ca.empty()) {
    pem.client_cas += COCOS_TRY(LoadCertificates(prefix + "SERVER_CA_CERTS", tls.server_ca));
  }
  return pem;
}

std::string_view SecurityText(const ListenerTls& tls) {
  if (!tls.enabled()) return "without TLS";
  return tls.mutual() ? "with TLS/mTLS" : "with TLS";
}

}  // namespace cocos::crypto
