// What it takes to send a secret to the holder of a public key: fresh randomness, RSA-OAEP, a
// one-time Diffie-Hellman exchange, and the symmetric primitives around them. The functions that
// need fresh randomness take it from OpenSSL's generator; everything else is pure.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/digest.h"
#include "crypto/key.h"

namespace cocos::crypto {

// Bytes nobody can predict, for keys.
std::vector<std::byte> RandomSecret(std::size_t size);

// HMAC, RFC 2104; DigestSize bytes. Any length of key.
std::vector<std::byte> Hmac(DigestAlgorithm algorithm, std::span<const std::byte> key,
                            std::span<const std::byte> message);

// AES in CFB mode with blocks of 128 bits and an initialization vector of zeros: only for a key
// that encrypts nothing else. As many bytes as the text. Errors: kInvalidArgument for a key of
// other than 16 or 32 bytes.
Result<std::vector<std::byte>> AesCfbEncryptOnce(std::span<const std::byte> key,
                                                 std::span<const std::byte> text);

// RSAES-OAEP, RFC 8017 section 7.1, MGF1 with the same digest; as many bytes as the modulus. The
// label is taken as it is, a NUL at its end included. Errors: kInvalidArgument for a key that is
// not RSA or a message too long for it.
Result<std::vector<std::byte>> RsaOaepEncrypt(const VerifyingKey& key, DigestAlgorithm digest,
                                              std::string_view label,
                                              std::span<const std::byte> message);

// One side of a Diffie-Hellman exchange with a key that was made for it and is gone.
struct OneTimeExchange {
  std::vector<std::byte> point;   // the one-time public key as VerifyingKey::EcPoint gives it
  std::vector<std::byte> secret;  // x of the shared point, FieldSize bytes
};

// SP 800-56A section 5.7.1.2, cofactor 1. Errors: kInvalidArgument for a key on none of our curves.
Result<OneTimeExchange> ExchangeOnce(const VerifyingKey& peer);

}  // namespace cocos::crypto
