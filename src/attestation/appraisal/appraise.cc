#include "attestation/appraisal/appraise.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "attestation/appraisal/report_data.h"
#include "attestation/evidence/decode.h"
#include "attestation/policy/evaluate.h"
#include "attestation/tdx/quote.h"
#include "crypto/digest.h"

namespace cocos::attestation::appraisal {
namespace {

constexpr std::string_view kEvidenceSource = "RFC 9334 section 8.1";
constexpr std::string_view kTokenSource = "RFC 9711; a label nobody can verify";
constexpr std::string_view kLogSource = "PC Client Platform Firmware Profile, event logging";

// A policy that says nothing of TPMs does not allow a key that is not bound.
bool KeyMustBeBound(const policy::Policy& policy) {
  return !policy.tpm || policy.tpm->require_bound_key;
}

// An SNP report is asked for by the policy itself, or because it is what binds a TPM's key.
bool WantsSnp(const policy::Policy& policy) {
  return policy.snp || (policy.tpm && policy.tpm->require_bound_key);
}

void TellToken(const EatLabels& token, Verdict& verdict) {
  verdict.Add(Told("token.platform", std::string(AgentPlatformName(token.platform)), kTokenSource));
  verdict.Add(Told("token.issuer", token.issuer, kTokenSource));
  if (token.issued_at) {
    verdict.Add(Told("token.issued-at", std::to_string(*token.issued_at), kTokenSource));
  }
  if (token.expires_at) {
    verdict.Add(Told("token.expires-at", std::to_string(*token.expires_at), kTokenSource));
  }
  verdict.Add(Told("token.nonce", crypto::HexEncode(token.nonce), kTokenSource));
}

void TellEvidence(const AgentEvidence& evidence, Verdict& verdict) {
  verdict.Add(
      Told("evidence.format", std::string(EvidenceFormatName(evidence.format)), kEvidenceSource));
  if (evidence.token) TellToken(*evidence.token, verdict);
}

Appraisal RefuseBytes(const Error& error) {
  Appraisal appraisal;
  appraisal.verdict.Add(FailedWith("evidence.format", error, kEvidenceSource));
  return appraisal;
}

policy::VerifiedParts VerifyParts(const AgentEvidence& evidence, const Expectation& expectation,
                                  const Endorsements& endorsements, crypto::TimePoint now) {
  const policy::Policy& demands = expectation.policy;
  policy::VerifiedParts parts;
  if (evidence.snp) parts.snp = VerifySnp(*evidence.snp, endorsements, now);
  if (evidence.tdx) {
    const bool require_collateral = !demands.tdx || demands.tdx->require_collateral;
    parts.tdx = VerifyTdx(evidence.tdx->quote, endorsements, require_collateral, now);
  }
  if (evidence.tpm) {
    parts.tpm = VerifyTpm(*evidence.tpm, expectation.challenge.tpm_nonce,
                          demands.tpm.value_or(vtpm::Policy{}));
  }
  return parts;
}

// Nothing ties a key to a TDX quote: agents have no such scheme.
std::optional<std::vector<std::byte>> BindableKey(const AgentEvidence& evidence) {
  if (!evidence.snp || !evidence.tpm) return std::nullopt;
  return evidence.tpm->ak_public;
}

void BindKey(const AgentEvidence& evidence, const Challenge& challenge,
             policy::VerifiedParts& parts) {
  if (!parts.snp || !*parts.snp || !parts.tpm || !*parts.tpm) return;
  const ReportBinding binding =
      BindingOf(challenge, BindableKey(evidence), (*parts.snp)->report().report_data);
  (*parts.tpm)->key_is_bound = binding == ReportBinding::kChallengeAndKey;
}

// Report data of a part that verified, or that only lacks collateral. Of other parts nothing is
// believed.
struct FoundReportData {
  ReportData value{};
  bool verified = false;
  bool demanded = false;  // judged, not told
};

template <typename Part>
bool IsWaiting(const std::optional<Result<Part>>& part) {
  return part && !*part && IsMissingCollateral(part->error());
}

std::optional<FoundReportData> FindReportData(const AgentEvidence& evidence,
                                              const policy::VerifiedParts& parts,
                                              const policy::Policy& demands) {
  if (parts.snp && *parts.snp) {
    return FoundReportData{(*parts.snp)->report().report_data, true, WantsSnp(demands)};
  }
  if (parts.tdx && *parts.tdx) {
    return FoundReportData{(*parts.tdx)->report().report_data, true, demands.tdx.has_value()};
  }
  if (IsWaiting(parts.snp)) {
    const auto report = snp::ParseReport(evidence.snp->report);
    if (report) return FoundReportData{report->report_data, false, WantsSnp(demands)};
  }
  if (IsWaiting(parts.tdx)) {
    const auto quote = tdx::ParseQuote(evidence.tdx->quote);
    if (quote) return FoundReportData{quote->report.report_data, false, demands.tdx.has_value()};
  }
  return std::nullopt;
}

// A report that does not verify passes no claim, but its own words may refuse it.
void JudgeReportData(const AgentEvidence& evidence, const Expectation& expectation,
                     const FoundReportData& found, Verdict& verdict) {
  Claim claim = ReportDataClaim(expectation.challenge, BindableKey(evidence),
                                KeyMustBeBound(expectation.policy), found.value);
  if (!found.verified && claim.outcome == Outcome::kPassed) return;
  if (!found.demanded) {
    claim.outcome = Outcome::kUnchecked;
    claim.expected.clear();
  }
  verdict.Add(std::move(claim));
}

void TellUnusableLog(const AgentEvidence& evidence, const policy::VerifiedParts& parts,
                     const policy::Policy& demands, Verdict& verdict) {
  const bool unusable = demands.tpm && parts.tpm && *parts.tpm && !(*parts.tpm)->event_log &&
                        !evidence.tpm->event_log.empty();
  if (unusable) verdict.Add(Told("tpm.event-log", "does not parse, not demanded", kLogSource));
}

// What is not there, where somebody asks for it.
std::string MissingFor(const policy::VerifiedParts& parts, const policy::Policy& demands) {
  if (IsWaiting(parts.snp) && WantsSnp(demands)) return parts.snp->error().message();
  if (IsWaiting(parts.tdx) && demands.tdx) return parts.tdx->error().message();
  return "";
}

// Whether the verdict could be another one with the missing collateral.
bool MayBeSaved(const Verdict& verdict) {
  constexpr std::array<std::string_view, 3> kConsequences = {"snp.evidence", "tdx.evidence",
                                                             "tpm.key-binding"};
  return std::ranges::all_of(verdict.failures(), [&kConsequences](const Claim& claim) {
    return std::ranges::find(kConsequences, claim.name) != kConsequences.end();
  });
}

}  // namespace

Appraisal Appraise(const AgentEvidence& evidence, const Expectation& expectation,
                   const Endorsements& endorsements, crypto::TimePoint now) {
  Appraisal appraisal;
  TellEvidence(evidence, appraisal.verdict);
  if (evidence.no_tee) {
    appraisal.verdict.Add(Expect("evidence.tee", false, "evidence of a TEE",
                                 std::string(NoTeeReason(*evidence.no_tee)), kEvidenceSource));
    return appraisal;
  }
  const policy::Policy& demands = expectation.policy;
  policy::VerifiedParts parts = VerifyParts(evidence, expectation, endorsements, now);
  BindKey(evidence, expectation.challenge, parts);
  if (const auto found = FindReportData(evidence, parts, demands)) {
    JudgeReportData(evidence, expectation, *found, appraisal.verdict);
  }
  appraisal.verdict.Append(policy::Evaluate(demands, parts).claims);
  TellUnusableLog(evidence, parts, demands, appraisal.verdict);
  const std::string missing = MissingFor(parts, demands);
  if (!missing.empty() && MayBeSaved(appraisal.verdict)) {
    return {.verdict = {}, .missing = missing};
  }
  return appraisal;
}

Appraisal Appraise(std::span<const std::byte> bytes, const Expectation& expectation,
                   const Endorsements& endorsements, crypto::TimePoint now) {
  const Result<AgentEvidence> evidence =
      expectation.format ? DecodeEvidence(bytes, *expectation.format) : DecodeAnyEvidence(bytes);
  if (!evidence) return RefuseBytes(evidence.error());
  return Appraise(*evidence, expectation, endorsements, now);
}

policy::Policy DemandsOf(const AgentEvidence& evidence) {
  policy::Policy demands;
  if (evidence.snp) demands.snp = snp::Policy{};
  if (evidence.tdx) demands.tdx = tdx::Policy{};
  if (evidence.tpm) {
    demands.tpm = vtpm::Policy{};
    demands.tpm->require_event_log = !evidence.tpm->event_log.empty();
  }
  return demands;
}

}  // namespace cocos::attestation::appraisal
