// TLS settings of the HTTP listener, turned into an OpenSSL context.
#pragma once

#include <openssl/ssl.h>

#include "base/result.h"
#include "telemetry/http_server.h"

namespace cocos {

// True if the listener speaks TLS. Errors: kInvalidArgument when values are set that make no sense
// alone; names the missing variable.
Result<bool> WantsTls(const HttpTlsOptions& tls);

// Loads certificate chain, key and client CA bundle into `context` and asks for client certificates
// when there is a bundle. Errors name the variable: kInvalidArgument (not PEM, key does not fit the
// certificate), or what reading the file gave.
Result<void> ConfigureTls(const HttpTlsOptions& tls, SSL_CTX& context);

}  // namespace cocos
