#include "daemon/cvm_verdict.h"

#include <fmt/format.h>

#include <algorithm>

namespace cocos::daemon {
namespace {

// "snp.measurement: expected ..., was ...": the claim that decided.
std::string Describe(const attestation::Claim& claim) {
  if (!claim.detail.empty()) return fmt::format("{}: {}", claim.name, claim.detail);
  return fmt::format("{}: expected {}, was {}", claim.name, claim.expected, claim.actual);
}

bool IsRefused(const PolicyVerdict& part) {
  return !part.appraisal.accepted() && part.appraisal.missing.empty();
}

std::string WhyRefused(const attestation::Verdict& verdict) {
  const std::vector<attestation::Claim> failures = verdict.failures();
  return failures.empty() ? "nothing in it could be verified" : Describe(failures.front());
}

}  // namespace

bool CvmVerdict::accepted() const {
  return !parts.empty() && std::ranges::all_of(parts, [](const PolicyVerdict& part) {
    return part.appraisal.accepted();
  });
}

std::string CvmVerdict::missing() const {
  if (std::ranges::any_of(parts, IsRefused)) return "";
  for (const PolicyVerdict& part : parts) {
    if (!part.appraisal.missing.empty()) return part.appraisal.missing;
  }
  return "";
}

attestation::Verdict CvmVerdict::Claims() const {
  attestation::Verdict all;
  for (const PolicyVerdict& part : parts) {
    for (const attestation::Claim& claim : part.appraisal.verdict.claims) {
      if (std::ranges::find(all.claims, claim) == all.claims.end()) all.Add(claim);
    }
  }
  return all;
}

std::string CvmVerdict::Summary() const {
  if (accepted()) return "verified";
  for (const PolicyVerdict& part : parts) {
    if (!IsRefused(part)) continue;
    const std::string why = WhyRefused(part.appraisal.verdict);
    return &part == &parts.front() ? why : fmt::format("{}: {}", part.policy, why);
  }
  const std::string lacks = missing();
  return lacks.empty() ? "no policy to judge by" : "missing collateral: " + lacks;
}

}  // namespace cocos::daemon
