#include "attestation/appraisal/verify_parts.h"

#include <utility>
#include <vector>

#include "attestation/snp/endorsements.h"
#include "attestation/vtpm/event_log.h"
#include "attestation/vtpm/refusal.h"
#include "attestation/vtpm/tpm_types.h"

namespace cocos::attestation::appraisal {
namespace {

bool IsSelfIssued(const std::vector<std::byte>& certificate) {
  const auto parsed = crypto::Certificate::FromDerOrPem(certificate);
  return parsed && parsed->subject() == parsed->issuer();
}

// Names only choose which is tried as which; the chain is verified after that.
void PutIssuersRight(snp::CertificateTable& table) {
  if (IsSelfIssued(table.ask) && !IsSelfIssued(table.ark)) std::swap(table.ask, table.ark);
}

void Override(std::vector<std::byte>& place, const std::vector<std::byte>& own) {
  if (!own.empty()) place = own;
}

snp::CertificateTable Merged(snp::CertificateTable sent, const snp::CertificateTable& own) {
  PutIssuersRight(sent);
  Override(sent.vcek, own.vcek);
  Override(sent.vlek, own.vlek);
  Override(sent.ask, own.ask);
  Override(sent.ark, own.ark);
  return sent;
}

// CollectEndorsements takes the CRL of its second table before that of the first.
snp::CertificateTable CrlOf(const Endorsements& endorsements) {
  snp::CertificateTable table;
  table.crl = endorsements.snp.crl;
  return table;
}

Result<vtpm::VerifiedTpmQuote> VerifyOneQuote(const vtpm::AttestationKey& key,
                                              const TpmQuote& quote, const TpmNonce& nonce,
                                              const vtpm::Policy& policy) {
  const vtpm::Signature signature = COCOS_TRY(vtpm::ParseSignature(quote.signature));
  vtpm::QuoteExpectation expectation;
  expectation.nonce.nonce.assign(nonce.begin(), nonce.end());
  expectation.pcrs[quote.bank] = quote.pcrs;
  expectation.accepted_digests = policy.accepted_digests;
  return vtpm::VerifyQuote(key, quote.attest, signature, expectation);
}

Result<void> AddEventLog(std::span<const std::byte> bytes, bool required,
                         policy::VerifiedTpm& verified) {
  if (bytes.empty()) return {};
  Result<vtpm::EventLog> log = vtpm::ParseEventLog(bytes);
  if (log) {
    verified.event_log = *std::move(log);
    return {};
  }
  if (required) return tl::unexpected(std::move(log).error());
  return {};
}

}  // namespace

bool IsMissingCollateral(const Error& error) {
  return error.code() != ErrorCode::kUntrusted && error.reason().starts_with("missing-");
}

Result<snp::VerifiedReport> VerifySnp(const SnpEvidence& evidence, const Endorsements& endorsements,
                                      crypto::TimePoint now) {
  const snp::Report report = COCOS_TRY(snp::ParseReport(evidence.report));
  const snp::Endorsements collected = COCOS_TRY(snp::CollectEndorsements(
      report.signing_key, Merged(evidence.certificates, endorsements.snp), CrlOf(endorsements)));
  return snp::Verify(evidence.report, collected, endorsements.snp_anchors, now);
}

Result<tdx::VerifiedQuote> VerifyTdx(std::span<const std::byte> quote,
                                     const Endorsements& endorsements, bool require_collateral,
                                     crypto::TimePoint now) {
  if (endorsements.tdx) {
    return tdx::VerifyQuote(quote, *endorsements.tdx, endorsements.tdx_anchors, now);
  }
  if (!require_collateral) {
    return tdx::VerifyQuoteWithoutCollateral(quote, {}, endorsements.tdx_anchors, now);
  }
  COCOS_TRY(tdx::ParseQuote(quote));  // collateral mends no quote that does not parse
  return tl::unexpected(Error(ErrorCode::kFailedPrecondition,
                              "no TDX collateral: want TCB info, QE identity and CRLs")
                            .WithReason("missing-collateral"));
}

Result<policy::VerifiedTpm> VerifyTpm(const TpmEvidence& evidence,
                                      const std::optional<TpmNonce>& nonce,
                                      const vtpm::Policy& policy) {
  if (!nonce) {
    return vtpm::Refuse(vtpm::reason::kNonceMismatch,
                        "TPM quotes: no nonce is expected, so nothing tells that they are fresh");
  }
  const vtpm::PublicArea area = COCOS_TRY(vtpm::ParsePublicArea(evidence.ak_public));
  const vtpm::AttestationKey key = COCOS_TRY(vtpm::AttestationKey::FromPublicArea(area));
  policy::VerifiedTpm verified;
  for (const TpmQuote& quote : evidence.quotes) {
    verified.quotes.push_back(COCOS_TRY(VerifyOneQuote(key, quote, *nonce, policy)));
  }
  COCOS_TRY(AddEventLog(evidence.event_log, policy.require_event_log, verified));
  return verified;
}

}  // namespace cocos::attestation::appraisal
