// What the files of this folder share to talk to OpenSSL. Not for other folders.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "base/handle.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace cocos::crypto {

using BioHandle = Handle<BIO, BIO_free>;
using X509Handle = Handle<X509, X509_free>;
using DigestContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;

const EVP_MD* DigestMethod(DigestAlgorithm algorithm);

inline const unsigned char* Octets(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// OpenSSL's own prompt would wait on the terminal for a passphrase.
inline int NoPassphrase(char*, int, int, void*) { return -1; }

// A BIO that reads the text, which must outlive it. Errors: kMalformed for one beyond 2 GiB.
Result<BioHandle> OpenMemory(std::string_view text);

}  // namespace cocos::crypto
