// How users prove to the agent who they are.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cocos::testagent {

inline constexpr std::string_view kConsumerRole = "consumer";
inline constexpr std::string_view kDataProviderRole = "data-provider";
inline constexpr std::string_view kAlgorithmProviderRole = "algorithm-provider";

// What a call's metadata say: `user-id` (the role) and `signature` (base64).
struct Credentials {
  std::string role;
  std::string signature;
};

// The key parses as SubjectPublicKeyInfo and is RSA, ECDSA or Ed25519. Errors: kMalformed.
Result<void> CheckUserKey(std::string_view key_der);

// The signature is one over the text of the role by this key: RSA PKCS#1 v1.5 or ECDSA (ASN.1) over
// SHA-256, or Ed25519 over the text itself. Errors: kMalformed (key or base64), kUntrusted.
Result<void> VerifyRoleSignature(std::string_view key_der, std::string_view role,
                                 std::string_view signature_base64);

}  // namespace cocos::testagent
