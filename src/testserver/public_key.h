// The user's key as the manifest carries it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cocos::testserver {

// DER (SubjectPublicKeyInfo) of a PEM public key: RSA, ECDSA or Ed25519. Errors: kMalformed when it
// does not parse (a private key, a certificate), kInvalidArgument for another kind of key.
Result<std::string> PublicKeyDer(std::string_view pem);

}  // namespace cocos::testserver
