#include "daemon/attest_on_demand.h"

#include <algorithm>
#include <utility>

#include "api/convert.h"
#include "attestation/appraisal/challenge.h"
#include "crypto/key_transport.h"

namespace cocos::daemon {
namespace {

constexpr std::size_t kTeeNonceBytes = 64;
constexpr std::size_t kTpmNonceBytes = 32;

Result<void> CheckReachable(const cvm::Snapshot& cvm) {
  // Whether one that cannot be asked about runs, its agent knows best.
  if (cvm.state != cvm::State::kRunning && cvm.state != cvm::State::kUnknown) {
    return Fail(ErrorCode::kFailedPrecondition, "CVM {}: is {}, only one that runs can be asked",
                cvm.id.text(), cvm::StateName(cvm.state));
  }
  if (cvm.agent_port != 0) return {};
  return Fail(ErrorCode::kFailedPrecondition, "CVM {}: has no port of an agent", cvm.id.text());
}

}  // namespace

std::string AgentAddress(const std::string& bind_address, std::uint16_t port) {
  if (bind_address.empty() || bind_address == "0.0.0.0") return api::HostPort("127.0.0.1", port);
  return api::HostPort(bind_address == "::" ? "::1" : bind_address, port);
}

relay::EvidenceType EvidenceTypeFor(const cvm::Snapshot& cvm,
                                    const std::vector<NamedPolicy>& demands) {
  switch (cvm.tee) {
    case domain::Tee::kTdx:
      return relay::EvidenceType::kTdx;
    case domain::Tee::kNone:
      return relay::EvidenceType::kVtpm;
    case domain::Tee::kSevSnp:
      break;
  }
  const bool wants_tpm = std::ranges::any_of(
      demands, [](const NamedPolicy& each) { return each.policy.tpm.has_value(); });
  return wants_tpm ? relay::EvidenceType::kSnpVtpm : relay::EvidenceType::kSnp;
}

Result<api::AttestOutcome> AttestOnDemand::operator()(
    const cvm::CvmId& id, std::chrono::system_clock::time_point deadline) const {
  const cvm::Snapshot cvm = COCOS_TRY(manager_.Get(id));
  COCOS_TRY(CheckReachable(cvm));
  const std::vector<NamedPolicy> demands = COCOS_TRY(policies_.DemandsOn(cvm));
  relay::EvidenceCall call;
  call.address = AgentAddress(cvm.agent_bind_address, cvm.agent_port);
  call.type = EvidenceTypeFor(cvm, demands);
  call.tee_nonce = crypto::RandomSecret(kTeeNonceBytes);
  call.vtpm_nonce = crypto::RandomSecret(kTpmNonceBytes);
  call.deadline = deadline;
  const auto challenge =
      COCOS_TRY(attestation::appraisal::ChallengeOfNonces(call.tee_nonce, call.vtpm_nonce));
  const std::string evidence = COCOS_TRY(relay::FetchEvidence(call));
  CvmVerdict verdict = COCOS_TRY(appraiser_.Judge(id, challenge, evidence));
  api::AttestOutcome outcome{.passed = verdict.accepted(),
                             .missing = verdict.missing(),
                             .summary = verdict.Summary(),
                             .parts = {},
                             .explanation = "",
                             .agent_address = call.address,
                             .time = std::chrono::system_clock::now()};
  if (const auto measurement = RefusedMeasurement(verdict.Claims())) {
    outcome.explanation = explainer_(id, *measurement);
  }
  for (PolicyVerdict& part : verdict.parts) {
    outcome.parts.push_back({std::move(part.policy), std::move(part.appraisal.verdict),
                             std::move(part.appraisal.missing)});
  }
  return outcome;
}

}  // namespace cocos::daemon
