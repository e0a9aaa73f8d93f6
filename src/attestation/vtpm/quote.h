// Verification of TPM quotes. TCG TPM 2.0 Library, Part 1 section 36 "Attestation", Part 3
// "TPM2_Quote". Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "attestation/vtpm/policy.h"
#include "attestation/vtpm/tpm_types.h"
#include "base/result.h"
#include "crypto/key.h"

namespace cocos::attestation::vtpm {

// A key that signs nothing but structures its TPM made. Whether that TPM is genuine is another
// question: see binding.h.
class AttestationKey {
 public:
  // From a public area, whose attributes are checked: restricted, sign, fixedTPM, fixedParent and
  // sensitiveDataOrigin set, decrypt clear. Without them the holder can sign any bytes that look
  // like a quote. Errors: kUntrusted with the reason ak-not-restricted; weak-key for RSA below 2048
  // bits or another curve than P-256, P-384, P-521; weak-digest where the scheme or name has SHA-1.
  static Result<AttestationKey> FromPublicArea(const PublicArea& area);

  // From a bare key. The caller vouches for the attributes: a certificate or a signed statement
  // about the key says that it is an attestation key. Errors: kUntrusted, weak-key.
  static Result<AttestationKey> FromVouchedKey(crypto::VerifyingKey key);

  const crypto::VerifyingKey& key() const { return key_; }
  // The TPM's name of the key; empty for a vouched key.
  const std::vector<std::byte>& name() const { return name_; }

 private:
  friend class QuoteVerifier;
  struct Scheme {
    SignatureScheme scheme;
    crypto::DigestAlgorithm digest;
  };

  explicit AttestationKey(crypto::VerifyingKey key) : key_(std::move(key)) {}

  crypto::VerifyingKey key_;
  std::optional<Scheme> scheme_;  // what the TPM signs with; unknown for a vouched key
  std::vector<std::byte> name_;
};

// What a quote must carry in extraData.
struct ExpectedNonce {
  std::vector<std::byte> nonce;  // an empty one is never met, not even by its padding
  // Some producers fill a short nonce with zeros at its end up to this size. 0: they do not.
  std::size_t zero_padded_to = 0;
};

struct QuoteExpectation {
  ExpectedNonce nonce;
  // Values that were delivered with the quote. They are believed only as far as the quote's digest
  // covers them: a value that is not selected is dropped.
  PcrValues pcrs;
  // Digests of the signature, as in Policy. SHA-1 is refused whatever stands here.
  std::set<crypto::DigestAlgorithm> accepted_digests = Policy{}.accepted_digests;
};

// A quote whose signature, nonce and PCR digest hold.
class VerifiedTpmQuote {
 public:
  const Attest& attest() const { return attest_; }
  const AttestationKey& key() const { return key_; }
  crypto::DigestAlgorithm signature_digest() const { return signature_digest_; }
  // The values of exactly the PCRs the quote selects.
  const PcrValues& pcrs() const { return pcrs_; }

 private:
  friend class QuoteVerifier;
  VerifiedTpmQuote(Attest attest, AttestationKey key)
      : attest_(std::move(attest)), key_(std::move(key)) {}

  Attest attest_;
  AttestationKey key_;
  crypto::DigestAlgorithm signature_digest_ = crypto::DigestAlgorithm::kSha256;
  PcrValues pcrs_;
};

// `attest` is a TPMS_ATTEST without size prefix; the signature is over just these bytes. In this
// order, each with its reason in the error: malformed, bad-magic, wrong-type (kMalformed);
// weak-digest, bad-signature (also for another scheme than the key's), nonce-mismatch, missing-pcr
// (no PCR selected, or the value of a selected one not given), pcr-digest-mismatch (kUntrusted).
Result<VerifiedTpmQuote> VerifyQuote(const AttestationKey& key, std::span<const std::byte> attest,
                                     const Signature& signature,
                                     const QuoteExpectation& expectation);

}  // namespace cocos::attestation::vtpm
