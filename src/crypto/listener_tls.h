// TLS settings of a listener, loaded and checked before a TLS library sees them: those say only
// that something is wrong.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cocos::crypto {

// Each value is a path or the PEM text itself; empty means not set. Certificate and key turn TLS
// on. A CA bundle then makes a client certificate mandatory; with both, one of either CA is
// accepted.
struct ListenerTls {
  std::string cert;
  std::string key;
  std::string client_ca;
  std::string server_ca;

  bool enabled() const { return !cert.empty(); }
  bool mutual() const { return !client_ca.empty() || !server_ca.empty(); }
};

// The same as PEM texts that parse and fit each other. All empty: plain text.
struct ListenerPem {
  std::string cert;
  std::string key;
  std::string client_cas;
};

// Errors name the variable, `prefix` followed by SERVER_CERT, SERVER_KEY, CLIENT_CA_CERTS or
// SERVER_CA_CERTS: kInvalidArgument (one is missing, not PEM, the key is not the certificate's), or
// what reading the file gave.
Result<ListenerPem> LoadListenerPem(const ListenerTls& tls, const std::string& prefix);

// "without TLS", "with TLS" or "with TLS/mTLS".
std::string_view SecurityText(const ListenerTls& tls);

}  // namespace cocos::crypto
