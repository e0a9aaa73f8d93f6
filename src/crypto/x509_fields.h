// Fields that certificates and CRLs have in common. Not for other folders.
#pragma once

#include <openssl/asn1.h>
#include <openssl/x509.h>

#include <optional>
#include <string>
#include <vector>

#include "crypto/certificate.h"

namespace cocos::crypto {

// None for what is no time.
std::optional<TimePoint> TimeOf(const ASN1_TIME* time);
// RFC 3339 in UTC; seconds since 1970 for a year without four digits.
std::string TimeText(TimePoint time);
// RFC 4514.
std::string NameText(const X509_NAME* name);
// What was written to a memory BIO.
std::string BioText(BIO* bio);
std::vector<std::byte> DerOf(const X509* certificate);
SignatureScheme SchemeOf(const X509_ALGOR* algorithm);

}  // namespace cocos::crypto
