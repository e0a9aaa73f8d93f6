// Credential activation: proof that an attestation key lives in the TPM of an endorsement key,
// which cannot sign. TCG TPM 2.0 Library, Part 1 section 24 "Credential Protection" and annexes B
// and C on sharing secrets with RSA and elliptic keys; Part 3 "TPM2_MakeCredential" and
// "TPM2_ActivateCredential".
//
// Where hardware evidence names the endorsement key (the SVSM's scheme in binding.h), the relying
// party makes a challenge with a fresh secret and sends it to the guest. Only the TPM that holds
// both keys gives the secret out; then quotes by the attestation key are bound to the hardware.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "attestation/vtpm/quote.h"
#include "attestation/vtpm/tpm_types.h"
#include "base/result.h"

namespace cocos::attestation::vtpm {

// A shorter secret could be guessed.
inline constexpr std::size_t kMinActivationSecretBytes = 16;

// The two parameters of TPM2_ActivateCredential, each with its size prefix.
struct ActivationChallenge {
  std::vector<std::byte> credential_blob;   // TPM2B_ID_OBJECT
  std::vector<std::byte> encrypted_secret;  // TPM2B_ENCRYPTED_SECRET
};

// Takes fresh randomness: two challenges with the same secret differ. `endorsement_key` comes from
// verified hardware evidence or a certificate; `secret` is random, of kMinActivationSecretBytes to
// the size of the endorsement key's name digest, and used once.
// Errors: kInvalidArgument for a secret of another size and for an attestation key without name
// (a vouched one: nothing ties its attributes to the TPM); kUntrusted with the reason
// ak-not-restricted for a key without the attributes of an endorsement key or without a cipher,
// weak-digest for a SHA-1 name, weak-key for RSA below 2048 bits or a point off its curve.
Result<ActivationChallenge> MakeCredential(const PublicArea& endorsement_key,
                                           const AttestationKey& attestation_key,
                                           std::span<const std::byte> secret);

// The answer is the secret of the challenge; compared in constant time. Errors: kUntrusted, reason
// binding-mismatch, also for an empty secret.
Result<void> CheckActivation(std::span<const std::byte> secret, std::span<const std::byte> answer);

}  // namespace cocos::attestation::vtpm
