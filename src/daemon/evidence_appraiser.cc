#include "daemon/evidence_appraiser.h"

#include <chrono>
#include <span>
#include <utility>

#include "attestation/appraisal/challenge.h"
#include "attestation/evidence/decode.h"
#include "attestation/snp/report.h"
#include "attestation/tdx/verify.h"
#include "cvm/reference_policy.h"

namespace cocos::daemon {
namespace {

namespace appraisal = attestation::appraisal;
namespace snp = attestation::snp;
namespace tdx = attestation::tdx;

std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

relay::Appraisal Refused(const Error& error) {
  return {.passed = false, .summary = error.message(), .verdict = {}};
}

// "snp.measurement: expected ..., was ...": the claim that decided.
std::string Describe(const attestation::Claim& claim) {
  if (!claim.detail.empty()) return fmt::format("{}: {}", claim.name, claim.detail);
  return fmt::format("{}: expected {}, was {}", claim.name, claim.expected, claim.actual);
}

std::string Summary(const appraisal::Appraisal& appraised) {
  if (!appraised.missing.empty()) return "missing collateral: " + appraised.missing;
  const std::vector<attestation::Claim> failures = appraised.verdict.failures();
  if (!failures.empty()) return Describe(failures.front());
  return appraised.accepted() ? "verified" : "nothing in it could be verified";
}

}  // namespace

Result<appraisal::Expectation> EvidenceAppraiser::ExpectationOf(
    const cvm::CvmId& id, const relay::Admission& admission) const {
  appraisal::Expectation expectation;
  const cvm::Snapshot cvm = COCOS_TRY(manager_.Get(id));
  expectation.policy = COCOS_TRY(cvm::ReferencePolicy(cvm));
  expectation.challenge =
      COCOS_TRY(appraisal::ChallengeOfCertificate(BytesOf(admission.certificate_pem)));
  return expectation;
}

// What the cache lacks, the evidence may have brought; the appraisal says what is in neither.
Result<appraisal::Endorsements> EvidenceAppraiser::EndorsementsFor(
    const attestation::AgentEvidence& evidence) const {
  appraisal::Endorsements endorsements;
  endorsements.snp_anchors = anchors_.snp;
  endorsements.tdx_anchors = anchors_.tdx;
  if (evidence.snp) {
    const snp::Report report = COCOS_TRY(snp::ParseReport(evidence.snp->report));
    const std::optional<snp::Product> product = COCOS_TRY(snp::ProductOf(report));
    if (product) endorsements.snp = COCOS_TRY(cache_.SnpTable(report, *product));
  }
  if (evidence.tdx) {
    const tdx::CollateralRequest request = COCOS_TRY(tdx::CollateralFor(evidence.tdx->quote));
    Result<tdx::Collateral> collateral = cache_.TdxCollateral(request);
    if (!collateral && collateral.error().reason() != collateral::kMissingCollateral) {
      return tl::unexpected(std::move(collateral).error());
    }
    if (collateral) endorsements.tdx = *std::move(collateral);
  }
  return endorsements;
}

relay::Appraisal EvidenceAppraiser::operator()(const cvm::CvmId& id,
                                               const relay::Admission& admission,
                                               const std::string& evidence) const {
  const Result<appraisal::Expectation> expectation = ExpectationOf(id, admission);
  if (!expectation) return Refused(expectation.error());
  const Result<attestation::AgentEvidence> decoded =
      attestation::DecodeAnyEvidence(BytesOf(evidence));
  if (!decoded) return Refused(decoded.error());
  const Result<appraisal::Endorsements> endorsements = EndorsementsFor(*decoded);
  if (!endorsements) return Refused(endorsements.error());
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.Now());
  appraisal::Appraisal appraised = appraisal::Appraise(*decoded, *expectation, *endorsements, now);
  return {.passed = appraised.accepted(),
          .summary = Summary(appraised),
          .verdict = std::move(appraised.verdict)};
}

}  // namespace cocos::daemon
