// What the certificate of a versioned endorsement key says about the chip and its firmware.
// AMD 57230 (VCEK certificates and KDS interface), certificate extensions; the VLEK's are alike.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "attestation/snp/policy.h"
#include "attestation/snp/report.h"
#include "base/result.h"
#include "crypto/certificate.h"

namespace cocos::attestation::snp {

struct VekIdentity {
  Product product = Product::kMilan;
  std::string product_name;            // with the stepping, where AMD wrote one: "Milan-B0"
  TcbVersion tcb;                      // that the key was derived from
  std::vector<std::byte> hardware_id;  // of a VCEK: 64 bytes, 8 on Turin
  std::string csp_id;                  // of a VLEK: the cloud provider
};

// Reads every AMD extension; verifies nothing else. `key` is kVcek or kVlek.
// Errors: kMalformed for an extension that is missing, there twice, not known, not of its form, or
// that belongs to the other kind of key or another product.
Result<VekIdentity> ReadVekIdentity(const crypto::Certificate& vek, SigningKey key);

}  // namespace cocos::attestation::snp
