#include "daemon/evidence_appraiser.h"

#include <chrono>
#include <span>
#include <utility>

#include "attestation/appraisal/challenge.h"
#include "attestation/evidence/decode.h"
#include "attestation/snp/report.h"
#include "attestation/tdx/verify.h"

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

}  // namespace

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

Result<CvmVerdict> EvidenceAppraiser::Judge(const cvm::CvmId& id,
                                            const appraisal::Challenge& challenge,
                                            const std::string& evidence) const {
  const cvm::Snapshot cvm = COCOS_TRY(manager_.Get(id));
  std::vector<NamedPolicy> demands = COCOS_TRY(policies_.DemandsOn(cvm));
  const Result<attestation::AgentEvidence> decoded =
      attestation::DecodeAnyEvidence(BytesOf(evidence));
  appraisal::Endorsements endorsements;
  if (decoded) endorsements = COCOS_TRY(EndorsementsFor(*decoded));
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.Now());
  CvmVerdict verdict;
  for (NamedPolicy& each : demands) {
    const appraisal::Expectation expectation{
        .challenge = challenge, .policy = std::move(each.policy), .format = {}};
    verdict.parts.push_back(
        {std::move(each.name),
         decoded ? appraisal::Appraise(*decoded, expectation, endorsements, now)
                 : appraisal::Appraise(BytesOf(evidence), expectation, endorsements, now)});
  }
  return verdict;
}

relay::Appraisal EvidenceAppraiser::operator()(const cvm::CvmId& id,
                                               const relay::Admission& admission,
                                               const std::string& evidence) const {
  const Result<appraisal::Challenge> challenge =
      appraisal::ChallengeOfCertificate(BytesOf(admission.certificate_pem));
  if (!challenge) return Refused(challenge.error());
  const Result<CvmVerdict> verdict = Judge(id, *challenge, evidence);
  if (!verdict) return Refused(verdict.error());
  return {
      .passed = verdict->accepted(), .summary = verdict->Summary(), .verdict = verdict->Claims()};
}

}  // namespace cocos::daemon
