// Where Intel's Provisioning Certification Service, or a cache with the same paths, has each piece
// of collateral. Intel PCS API version 4; tdx reference 5. Nothing is fetched here.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "attestation/tdx/verify.h"
#include "base/result.h"

namespace cocos::attestation::tdx {

inline constexpr char kIntelPcsUrl[] = "https://api.trustedservices.intel.com";
inline constexpr char kIntelRootCrlUrl[] =
    "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";

// Response headers that carry the issuer chains, URL-encoded. Names of headers have no case.
inline constexpr char kTcbInfoChainHeader[] = "TCB-Info-Issuer-Chain";
inline constexpr char kQeIdentityChainHeader[] = "SGX-Enclave-Identity-Issuer-Chain";
inline constexpr char kPckCrlChainHeader[] = "SGX-PCK-CRL-Issuer-Chain";

// `base` is a scheme and an authority, with or without a closing slash.
std::string TcbInfoUrl(std::string_view base, const std::array<std::byte, 6>& fmspc);
std::string QeIdentityUrl(std::string_view base);
std::string PckCrlUrl(std::string_view base, PckCa ca);

// The PEM text of a chain header: %XX is a byte, everything else stands for itself, + included.
// Errors: kMalformed for a % without two hexadecimal digits, a byte that is not printable ASCII or
// white space, and more than 64 KiB.
Result<std::string> DecodeIssuerChain(std::string_view header);

}  // namespace cocos::attestation::tdx
