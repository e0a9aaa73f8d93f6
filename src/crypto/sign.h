// Signatures with private keys in PEM form, and making such keys.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cocos::crypto {

// Signs as upstream's tools do: RSA PKCS#1 v1.5 and ECDSA (ASN.1) over SHA-256, Ed25519 over the
// bytes themselves. Errors: kMalformed for a key that does not parse or is of another type.
Result<std::vector<std::byte>> Sign(std::string_view private_key_pem,
                                    std::span<const std::byte> bytes);

enum class KeyType { kRsa4096, kEcdsaP256, kEd25519 };

struct KeyPairPem {
  std::string private_key;  // not encrypted: SEC1 ("EC PRIVATE KEY") for ECDSA, else PKCS#8
  std::string public_key;   // PKIX ("PUBLIC KEY")
};

// Errors: kInternal.
Result<KeyPairPem> GenerateKeyPair(KeyType type);

}  // namespace cocos::crypto
