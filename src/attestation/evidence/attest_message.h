// vTPM evidence as protobuf message attest.Attestation, perhaps with a TEE part.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "attestation/evidence/evidence.h"
#include "base/result.h"

namespace cocos::attestation {

struct AttestMessage {
  TpmEvidence tpm;
  std::optional<SnpEvidence> snp;  // at most one of the two
  std::optional<TdxEvidence> tdx;
};

// Takes the attestation key, the quotes (1 to 8, one for each PCR bank, up to 24 PCRs of the bank's
// size) and the event log (up to 1 MiB), then a TEE part where there is one. Fields that no agent
// sets (instance info, a second event log, certificates of the key) are dropped: a verifier that
// preferred such a certificate to `ak_pub` would leave the binding of the key.
// Errors: kMalformed; also when `ak_pub` is not one TPMT_PUBLIC, for both TEE parts, and for what
// the decoder of the TEE part refuses.
Result<AttestMessage> DecodeAttest(std::span<const std::byte> bytes);

// One TPMT_PUBLIC of an RSA or ECC key and nothing behind it (TPM 2.0 Library, part 2, section
// 12.2.4). Whether the key is fit to attest is the verifier's question. Errors: kMalformed.
Result<void> CheckTpmPublicShape(std::span<const std::byte> bytes);

}  // namespace cocos::attestation
