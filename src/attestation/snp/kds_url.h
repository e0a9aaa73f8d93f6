// Where AMD's key distribution service keeps certificates. AMD 57230 (VCEK certificates and KDS
// interface). Paths only: whoever fetches knows the host, by default kKdsBaseUrl.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "attestation/snp/policy.h"
#include "attestation/snp/report.h"
#include "base/result.h"
#include "crypto/certificate.h"

namespace cocos::attestation::snp {

inline constexpr std::string_view kKdsBaseUrl = "https://kdsintf.amd.com";

// The VCEK of a chip at a TCB, in DER. `chip_id` is that of a report; of Turin's the first 8 bytes
// count. Errors: kInvalidArgument for a masked (zero) chip id, or one of Turin with more behind its
// first 8 bytes.
Result<std::string> VcekPath(Product product, std::span<const std::byte, 64> chip_id,
                             const TcbVersion& tcb);

// The same for a report, whose product may have to come from elsewhere (version 2).
// Errors: kInvalidArgument, also for a report that no VCEK signs; kMalformed for its reported TCB.
Result<std::string> VcekPathFor(const Report& report, Product product);

// The provider's VLEK at a TCB, in DER; the service asks for the provider's credentials.
std::string VlekPath(Product product, const TcbVersion& tcb);

// ASK or ASVK, then ARK, in PEM. `key` is kVcek or kVlek.
std::string ChainPath(Product product, SigningKey key);

// The CRL for the ASK or ASVK, in DER.
std::string CrlPath(Product product, SigningKey key);

}  // namespace cocos::attestation::snp
