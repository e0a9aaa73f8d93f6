// TLS settings of the HTTP listener, turned into an OpenSSL context.
#pragma once

#include <openssl/ssl.h>

#include "base/result.h"
#include "crypto/listener_tls.h"

namespace cocos {

// Puts certificate chain and key into `context`, and asks for client certificates when there is a
// CA bundle. Errors: kInvalidArgument when this OpenSSL refuses what parsed, such as a key that is
// too short for its security level.
Result<void> ConfigureTls(const crypto::ListenerPem& pem, SSL_CTX& context);

}  // namespace cocos
