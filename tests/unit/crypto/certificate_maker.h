// Makes certificates and CRLs for tests, right and wrong ones alike: every part that a verifier
// looks at can be set. Keys are published here or made on the spot; they protect nothing.
#pragma once

#include <openssl/evp.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crypto/certificate.h"
#include "crypto/key.h"

namespace cocos::crypto::testing {

using TestKey = std::shared_ptr<EVP_PKEY>;

// Two fixed RSA keys of 4096 bits, which take too long to make.
TestKey RsaKeyOne();
TestKey RsaKeyTwo();
TestKey NewRsaKey(unsigned bits);
TestKey NewEcKey(const char* curve);  // "P-256", "P-384", "secp256k1"
VerifyingKey PublicPart(const TestKey& key);
std::string PrivatePem(const TestKey& key);

enum class SigningStyle {
  kPssSha384,  // salt 48, as AMD signs
  kPssSha384Salt32,
  kPssSha384MgfSha256,
  kPssSha256,
  kPkcs1Sha384,
  kSha256,  // ECDSA, or RSA PKCS#1 v1.5
  kSha384,
};

using NameParts = std::vector<std::pair<std::string, std::string>>;  // {"CN", "x"}, in order

struct RawExtension {
  std::string object_id;
  std::vector<std::byte> value;
  bool critical = false;
};

// OpenSSL's configuration texts: {"basicConstraints", "critical,CA:TRUE"}.
using TextExtensions = std::vector<std::pair<std::string, std::string>>;

inline constexpr TimePoint kYear2026{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
inline constexpr TimePoint kYear2036{std::chrono::sys_days(std::chrono::year(2036) / 1 / 1)};

struct CertificateSpec {
  NameParts subject = {{"CN", "subject"}};
  NameParts issuer = {{"CN", "issuer"}};
  std::vector<unsigned char> serial = {1};  // big-endian
  TimePoint not_before = kYear2026;
  TimePoint not_after = kYear2036;
  int version = 3;
  TestKey key;     // whose certificate it is
  TestKey signer;  // none: `key`
  SigningStyle style = SigningStyle::kSha384;
  TextExtensions text_extensions;
  std::vector<RawExtension> raw_extensions;
};

// DER.
std::vector<std::byte> MakeCertificate(const CertificateSpec& spec);

struct CrlSpec {
  NameParts issuer = {{"CN", "issuer"}};
  TimePoint this_update = kYear2026;
  std::optional<TimePoint> next_update = kYear2036;
  std::vector<std::vector<unsigned char>> serials;  // big-endian
  TestKey signer;
  SigningStyle style = SigningStyle::kSha384;
  TextExtensions text_extensions;
  std::vector<RawExtension> raw_extensions;
};

// DER.
std::vector<std::byte> MakeCrl(const CrlSpec& spec);
std::string CrlPem(const std::vector<std::byte>& der);

}  // namespace cocos::crypto::testing
