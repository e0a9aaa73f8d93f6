#include "attestation/policy/evaluate.h"

#include "attestation/snp/policy_check.h"
#include "attestation/vtpm/check.h"

namespace cocos::attestation::policy {
namespace {

// RFC 9334 section 8.4: the appraisal policy for evidence says what is to be there.
constexpr std::string_view kSource = "RFC 9334 section 8.4";

std::vector<Claim> Check(const snp::VerifiedReport& report, const snp::Policy& policy) {
  return snp::CheckPolicy(report, policy);
}

std::vector<Claim> Check(const tdx::VerifiedQuote& quote, const tdx::Policy& policy) {
  return tdx::CheckPolicy(quote, policy);
}

std::vector<Claim> Check(const VerifiedTpm& tpm, const vtpm::Policy& policy) {
  const vtpm::EventLog* log = tpm.event_log ? &*tpm.event_log : nullptr;
  return vtpm::CheckPolicy(tpm.quotes, log, tpm.key_is_bound, policy);
}

template <typename Part, typename Demands>
void EvaluatePart(std::string_view name, const std::optional<Result<Part>>& part,
                  const std::optional<Demands>& demands, Verdict& verdict) {
  if (!demands) {
    if (part) verdict.Add(Told(name, "present, not demanded", kSource));
  } else if (!part) {
    verdict.Add(Expect(name, false, "present", "absent", kSource));
  } else if (!*part) {
    verdict.Add(FailedWith(name, part->error(), kSource));
  } else {
    verdict.Append(Check(**part, *demands));
  }
}

}  // namespace

Verdict Evaluate(const Policy& policy, const VerifiedParts& parts) {
  Verdict verdict;
  if (const Result<void> good = CheckPolicy(policy); !good) {
    verdict.Add(FailedWith("policy", good.error(), kSource));
    return verdict;
  }
  EvaluatePart("snp.evidence", parts.snp, policy.snp, verdict);
  EvaluatePart("tdx.evidence", parts.tdx, policy.tdx, verdict);
  EvaluatePart("tpm.evidence", parts.tpm, policy.tpm, verdict);
  return verdict;
}

}  // namespace cocos::attestation::policy
