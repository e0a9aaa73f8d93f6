// Keys and certificates made on the spot.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace cocos::testagent {

enum class KeyKind { kRsa, kEcdsa, kEd25519 };

class TestKey {
 public:
  explicit TestKey(KeyKind kind);

  EVP_PKEY* get() const { return key_.get(); }
  std::string PublicDer() const;
  std::string PublicPem() const;
  std::string PrivatePem() const;
  // As users sign their role: base64 of a signature over SHA-256 (RSA, ECDSA) or the text
  // (Ed25519).
  std::string SignBase64(std::string_view text) const;

 private:
  std::shared_ptr<EVP_PKEY> key_;
};

struct TestIdentity {
  std::string certificate_pem;
  std::string key_pem;
};

// A certification authority with one ECDSA key.
class TestCa {
 public:
  TestCa();

  std::string CertificatePem() const;
  // For server and client use, valid for localhost and 127.0.0.1.
  TestIdentity Issue(const std::string& common_name) const;

 private:
  TestKey key_;
  std::string certificate_pem_;
};

}  // namespace cocos::testagent
