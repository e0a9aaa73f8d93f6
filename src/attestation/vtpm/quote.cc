#include "attestation/vtpm/quote.h"

#include <algorithm>
#include <utility>

#include "attestation/vtpm/refusal.h"

namespace cocos::attestation::vtpm {

namespace {

using crypto::DigestAlgorithm;

constexpr unsigned kMinRsaBits = 2048;

Result<void> CheckAttributes(ObjectAttributes attributes) {
  const bool attestation_key = attributes.restricted() && attributes.sign() &&
                               attributes.fixed_tpm() && attributes.fixed_parent() &&
                               attributes.sensitive_data_origin() && !attributes.decrypt();
  if (attestation_key) return {};
  return Refuse(reason::kKeyNotRestricted,
                "attestation key: attributes 0x{:08x}, want restricted, sign, fixedTPM, "
                "fixedParent and sensitiveDataOrigin without decrypt",
                attributes.bits());
}

Result<void> CheckStrength(const crypto::VerifyingKey& key) {
  if (key.curve() || key.rsa_bits() >= kMinRsaBits) return {};
  return Refuse(reason::kWeakKey,
                "attestation key: want RSA of {} bits or more, P-256, P-384 or P-521", kMinRsaBits);
}

Result<void> RefuseSha1(DigestAlgorithm algorithm, std::string_view where) {
  if (algorithm != DigestAlgorithm::kSha1) return {};
  return Refuse(reason::kWeakDigest, "{}: SHA-1", where);
}

Result<void> CheckSignature(const crypto::VerifyingKey& key, std::span<const std::byte> attest,
                            const Signature& signature) {
  const auto verified = [&]() -> Result<void> {
    switch (signature.scheme) {
      case SignatureScheme::kRsassa:
        return key.VerifyRsaPkcs1(signature.digest, attest, signature.rsa);
      case SignatureScheme::kRsapss:
        return key.VerifyRsaPss(signature.digest, attest, signature.rsa);
      case SignatureScheme::kEcdsa:
        return key.VerifyEcdsa(signature.digest, attest, signature.ecdsa);
    }
    return Fail(ErrorCode::kUntrusted, "unknown scheme");
  }();
  if (verified) return {};
  return Refuse(reason::kBadSignature, "TPM quote: {}", verified.error().message());
}

Result<void> CheckNonce(const ExpectedNonce& expected, std::span<const std::byte> extra_data) {
  std::vector<std::byte> nonce = expected.nonce;
  if (nonce.size() < expected.zero_padded_to) nonce.resize(expected.zero_padded_to);
  // Nobody chose an empty nonce: a quote "without" one, or with its padding alone, would pass for
  // any request.
  if (!expected.nonce.empty() && crypto::EqualInConstantTime(nonce, extra_data)) return {};
  return Refuse(reason::kNonceMismatch, "TPM quote: nonce {}, want {}",
                crypto::HexEncode(extra_data), crypto::HexEncode(nonce));
}

const std::vector<std::byte>* FindPcr(const PcrValues& values, DigestAlgorithm bank, unsigned pcr) {
  const auto in_bank = values.find(bank);
  if (in_bank == values.end()) return nullptr;
  const auto value = in_bank->second.find(pcr);
  return value == in_bank->second.end() ? nullptr : &value->second;
}

// The given values of the PCRs that are selected.
Result<PcrValues> SelectedValues(const std::vector<PcrSelection>& selections,
                                 const PcrValues& given) {
  PcrValues selected;
  for (const PcrSelection& selection : selections) {
    for (const unsigned pcr : selection.pcrs) {
      const auto* value = FindPcr(given, selection.bank, pcr);
      if (value == nullptr || value->size() != crypto::DigestSize(selection.bank)) {
        return Refuse(reason::kMissingPcr, "TPM quote: no value for PCR {} of bank {}", pcr,
                      crypto::DigestName(selection.bank));
      }
      selected[selection.bank][pcr] = *value;
    }
  }
  if (selected.empty()) return Refuse(reason::kMissingPcr, "TPM quote: selects no PCR");
  return selected;
}

// Part 2, TPMS_QUOTE_INFO: the digest is the one of the signing scheme, whatever the banks are.
Result<void> CheckPcrDigest(const Attest& attest, const PcrValues& values,
                            DigestAlgorithm algorithm) {
  crypto::Digest digest(algorithm);
  for (const PcrSelection& selection : attest.selections) {
    for (const unsigned pcr : selection.pcrs) digest.Update(values.at(selection.bank).at(pcr));
  }
  const auto actual = digest.Finish();
  if (crypto::EqualInConstantTime(attest.pcr_digest, actual)) return {};
  return Refuse(reason::kPcrDigestMismatch, "TPM quote: PCR digest {}, but the values give {}",
                crypto::HexEncode(attest.pcr_digest), crypto::HexEncode(actual));
}

}  // namespace

Result<AttestationKey> AttestationKey::FromPublicArea(const PublicArea& area) {
  COCOS_TRY(CheckAttributes(area.attributes));
  COCOS_TRY(RefuseSha1(area.name_digest, "attestation key: name"));
  // A restricted signing key has a scheme of its own; Part 3, TPM2_Create.
  if (!area.scheme) {
    return Refuse(reason::kKeyNotRestricted, "attestation key: no signature scheme");
  }
  COCOS_TRY(RefuseSha1(area.scheme_digest, "attestation key: scheme"));
  auto key = VerifyingKeyOf(area);
  if (!key) return Refuse(reason::kWeakKey, "attestation key: {}", key.error().message());
  AttestationKey attestation_key(*std::move(key));
  attestation_key.scheme_ = Scheme{*area.scheme, area.scheme_digest};
  attestation_key.name_ = area.name;
  return attestation_key;
}

Result<AttestationKey> AttestationKey::FromVouchedKey(crypto::VerifyingKey key) {
  COCOS_TRY(CheckStrength(key));
  return AttestationKey(std::move(key));
}

// Makes the trusted type.
class QuoteVerifier {
 public:
  QuoteVerifier(const AttestationKey& key, const QuoteExpectation& expectation)
      : key_(key), expectation_(expectation) {}

  Result<VerifiedTpmQuote> Verify(std::span<const std::byte> bytes,
                                  const Signature& signature) const {
    VerifiedTpmQuote quote(COCOS_TRY(ParseAttest(bytes)), key_);
    COCOS_TRY(CheckScheme(signature));
    COCOS_TRY(CheckSignature(key_.key(), bytes, signature));
    COCOS_TRY(CheckNonce(expectation_.nonce, quote.attest_.extra_data));
    quote.signature_digest_ = signature.digest;
    quote.pcrs_ = COCOS_TRY(SelectedValues(quote.attest_.selections, expectation_.pcrs));
    COCOS_TRY(CheckPcrDigest(quote.attest_, quote.pcrs_, signature.digest));
    return quote;
  }

 private:
  Result<void> CheckScheme(const Signature& signature) const {
    COCOS_TRY(RefuseSha1(signature.digest, "TPM quote: signature"));
    if (!expectation_.accepted_digests.contains(signature.digest)) {
      return Refuse(reason::kWeakDigest, "TPM quote: signature with {}, which is not accepted",
                    crypto::DigestName(signature.digest));
    }
    const auto& own = key_.scheme_;
    if (!own || (own->scheme == signature.scheme && own->digest == signature.digest)) return {};
    return Refuse(reason::kBadSignature, "TPM quote: signed with a scheme that is not the key's");
  }

  const AttestationKey& key_;
  const QuoteExpectation& expectation_;
};

Result<VerifiedTpmQuote> VerifyQuote(const AttestationKey& key, std::span<const std::byte> attest,
                                     const Signature& signature,
                                     const QuoteExpectation& expectation) {
  return QuoteVerifier(key, expectation).Verify(attest, signature);
}

}  // namespace cocos::attestation::vtpm
