// Issuing X.509 certificates (RFC 5280): a certification authority of two levels, itself and its
// leaves. Everything is version 3, signed with ECDSA and SHA-256, has a random serial number of 128
// bits and key identifiers. Time is an argument; randomness comes from OpenSSL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/key.h"

namespace cocos::crypto {

// Both ends belong to it. Whole seconds, up to the year 9999.
struct Validity {
  TimePoint not_before;
  TimePoint not_after;
};

// A CA's certificate and its key. Copies share both; immutable, thread-safe.
struct Authority {
  Certificate certificate;
  SigningKey key;
};

// What clients may call a server. At least one; no wildcards.
struct ServerNames {
  std::vector<std::string> dns;
  std::vector<std::string> ips;  // "127.0.0.1", "fd00::1"
};

// A self-signed certificate that may sign leaves and CRLs and no further CA: path length 0, key
// usage keyCertSign and cRLSign, both critical. `common_name`: 1 to 64 bytes of UTF-8.
// Errors: kInvalidArgument naming what is wrong with an argument.
Result<Certificate> IssueCa(const SigningKey& key, std::string_view common_name,
                            const Validity& validity);

// A TLS server's certificate: extended key usage serverAuth, key usage digitalSignature, the names
// as subject alternative names. Errors: kInvalidArgument, also for a validity that ends behind the
// authority's.
Result<Certificate> IssueServer(const Authority& authority, const VerifyingKey& key,
                                std::string_view common_name, const ServerNames& names,
                                const Validity& validity);

// A TLS client's certificate: extended key usage clientAuth, key usage digitalSignature, `uri` as
// the only subject alternative name. Errors as IssueServer.
Result<Certificate> IssueClient(const Authority& authority, const VerifyingKey& key,
                                std::string_view common_name, std::string_view uri,
                                const Validity& validity);

// The serial number as people and Go programs write it.
std::string SerialDecimal(const Certificate& certificate);

}  // namespace cocos::crypto
