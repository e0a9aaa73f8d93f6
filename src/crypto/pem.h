// Checks of PEM texts that come from outside. Total: any bytes give success or an error. Errors say
// what is wrong with the text and never repeat it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cocos::crypto {

// The PEM text of a setting that holds either the text itself or the path of a file of up to 1 MiB.
// Errors: those of ReadFile, with `name` in front.
Result<std::string> LoadPem(const std::string& name, const std::string& value);

// One or more certificates and nothing that is a broken one. Errors: kMalformed.
Result<void> CheckCertificatePem(std::string_view pem);

// Exactly the private key that comes first parses, without a passphrase. Errors: kMalformed.
Result<void> CheckPrivateKeyPem(std::string_view pem);

// The key is that of the first certificate. Errors: kMalformed, kUntrusted when they do not match.
Result<void> CheckKeyMatchesCertificate(std::string_view key_pem, std::string_view certificate_pem);

}  // namespace cocos::crypto
