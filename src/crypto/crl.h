// Certificate revocation lists (RFC 5280 section 5). Total: any bytes give a value or an error.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/certificate.h"

struct X509_crl_st;  // OpenSSL's X509_CRL; only src/crypto looks inside

namespace cocos::crypto {

// One CRL. Copies share it; immutable, thread-safe.
class Crl {
 public:
  // DER or one PEM block, and nothing behind it. Errors: kMalformed, also for a critical extension
  // that is not known, of the list or of an entry, for an indirect or delta CRL, and for one
  // without nextUpdate.
  static Result<Crl> FromDerOrPem(std::span<const std::byte> bytes);

  std::string issuer() const;  // RFC 4514 text, for people
  TimePoint this_update() const;
  TimePoint next_update() const;
  SignatureScheme signature_scheme() const;
  // The issuer's name, its signature, and thisUpdate <= time < nextUpdate.
  // Errors: kUntrusted saying which.
  Result<void> Verify(const Certificate& issuer, TimePoint time) const;
  // Whether the serial number of this certificate is on the list, for whatever reason. Says nothing
  // about whether the list is one of its issuer.
  bool Lists(const Certificate& certificate) const;

 private:
  explicit Crl(std::shared_ptr<X509_crl_st> crl) : crl_(std::move(crl)) {}

  std::shared_ptr<X509_crl_st> crl_;
};

}  // namespace cocos::crypto
