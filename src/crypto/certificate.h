// X.509 certificates of attestation hierarchies (RFC 5280). These chains are short and fixed, their
// leaves have neither key usage nor key identifiers, and padding and curves matter; so the callers
// check each certificate against what its specification says instead of building paths.
// Total: any bytes give a value or an error.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/key.h"

struct x509_st;  // OpenSSL's X509; only src/crypto looks inside

namespace cocos::crypto {

// When something is judged. Given by callers, so that a verdict does not depend on a clock.
using TimePoint = std::chrono::sys_seconds;

// How a certificate or CRL is signed; everything not named here is kOther.
enum class SignatureScheme {
  kEcdsaSha256,
  kEcdsaSha384,
  kRsaPssSha384,  // MGF1 with SHA-384, salt of 48 bytes, trailer 1
  kOther,
};

struct CertificateExtension {
  std::string object_id;  // dotted decimal
  bool critical = false;
  std::vector<std::byte> value;  // inside the OCTET STRING
};

// One certificate. Copies share it; immutable, thread-safe.
class Certificate {
 public:
  // One certificate and nothing behind it. Errors: kMalformed.
  static Result<Certificate> FromDer(std::span<const std::byte> der);
  // PEM certificates with nothing but white space and NUL bytes between and behind them; at most
  // `max`. Errors: kMalformed.
  static Result<std::vector<Certificate>> ListFromPem(std::string_view text, std::size_t max);
  // DER, or one PEM block as ListFromPem reads it. Errors: kMalformed.
  static Result<Certificate> FromDerOrPem(std::span<const std::byte> bytes);

  std::vector<std::byte> der() const;
  std::string Pem() const;
  // RFC 4514 text, for people.
  std::string subject() const;
  std::string issuer() const;
  // All values of an attribute by its short name (CN, O, OU, L, ST, C).
  std::vector<std::string> SubjectValues(std::string_view attribute) const;
  std::vector<std::string> IssuerValues(std::string_view attribute) const;
  // Whether the issuer's name here is the subject's name there.
  bool NamesIssuer(const Certificate& issuer) const;
  std::vector<std::byte> serial() const;  // magnitude, big-endian, empty for zero
  TimePoint not_before() const;
  TimePoint not_after() const;
  // Both ends belong to the validity. Errors: kUntrusted naming subject, time and bound.
  Result<void> CheckValidAt(TimePoint time) const;
  SignatureScheme signature_scheme() const;
  bool is_ca() const;  // basic constraints present and CA
  std::optional<unsigned> path_length() const;
  // Errors: kMalformed for a key OpenSSL does not know.
  Result<VerifyingKey> key() const;
  std::vector<std::byte> SpkiSha256() const;
  std::vector<CertificateExtension> extensions() const;
  // The extension's value. Errors: kNotFound; kMalformed when it is there twice.
  Result<std::vector<std::byte>> Extension(std::string_view object_id) const;
  // URLs of all CRL distribution points.
  std::vector<std::string> CrlUrls() const;
  // The signature alone; nothing about names, dates or purposes. The outer and inner signature
  // algorithms agree. Errors: kUntrusted.
  Result<void> VerifySignedBy(const VerifyingKey& issuer) const;

  friend bool operator==(const Certificate& a, const Certificate& b) { return a.der() == b.der(); }

  // For src/crypto alone.
  explicit Certificate(std::shared_ptr<x509_st> certificate)
      : certificate_(std::move(certificate)) {}
  x509_st* get() const { return certificate_.get(); }

 private:
  std::shared_ptr<x509_st> certificate_;
};

}  // namespace cocos::crypto
