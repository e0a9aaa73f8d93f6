// Public keys of users, and what they signed. Total: any bytes give success or an error.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cocos::crypto {

// The SubjectPublicKeyInfo (DER) of a PEM block "PUBLIC KEY".
// Errors: kMalformed; kInvalidArgument for a key that is not RSA, ECDSA or Ed25519.
Result<std::string> PublicKeyDer(std::string_view pem);

// The bytes are one SubjectPublicKeyInfo with an RSA, ECDSA or Ed25519 key. Errors: kMalformed.
Result<void> CheckPublicKeyDer(std::string_view der);

// The signature is one over `text` by this key, as crypto::Sign makes it.
// Errors: kMalformed (key or base64), kUntrusted.
Result<void> VerifyTextSignature(std::string_view key_der, std::string_view text,
                                 std::string_view signature_base64);

}  // namespace cocos::crypto
