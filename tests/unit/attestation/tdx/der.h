// Just enough DER to make certificates and CRLs for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "crypto/key.h"

namespace cocos::attestation::tdx::der {

using Bytes = std::vector<std::byte>;

Bytes Tlv(std::uint8_t tag, const Bytes& content);
Bytes Join(const std::vector<Bytes>& parts);
Bytes Sequence(const std::vector<Bytes>& parts);
Bytes Integer(std::uint64_t value);
Bytes Enumerated(std::uint8_t value);
Bytes Boolean(bool value);
Bytes OctetString(const Bytes& content);
Bytes ObjectId(std::string_view dotted);
Bytes Utf8(std::string_view text);

// An AlgorithmIdentifier and a value signed with it: { tbs, ecdsa-with-SHA256, BIT STRING }.
Bytes Signed(const Bytes& tbs, const crypto::SigningKey& key);

struct CertificateSpec {
  std::string subject;
  std::string issuer;
  std::uint64_t serial = 1;
  crypto::TimePoint not_before;
  crypto::TimePoint not_after;
  bool ca = false;
  std::vector<Bytes> extensions;  // whole Extension values, see Extension()
};

Bytes Extension(std::string_view object_id, bool critical, const Bytes& value);
crypto::Certificate MakeCertificate(const CertificateSpec& spec, const crypto::VerifyingKey& key,
                                    const crypto::SigningKey& issuer);

struct CrlSpec {
  std::string issuer;
  crypto::TimePoint this_update;
  crypto::TimePoint next_update;
  std::vector<std::uint64_t> serials;
};

Bytes MakeCrl(const CrlSpec& spec, const crypto::SigningKey& issuer);

}  // namespace cocos::attestation::tdx::der
