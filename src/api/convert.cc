#include "api/convert.h"

#include <fmt/format.h>

#include <chrono>

#include "cvm/launch_inputs.h"

namespace cocos::api {
namespace {

namespace pb = operators::v1;

pb::AttestationOutcome OutcomeOf(domain::AttestationResult result) {
  switch (result) {
    case domain::AttestationResult::kNone:
      return pb::ATTESTATION_OUTCOME_NONE;
    case domain::AttestationResult::kPassed:
      return pb::ATTESTATION_OUTCOME_PASSED;
    case domain::AttestationResult::kFailed:
      return pb::ATTESTATION_OUTCOME_FAILED;
  }
  return pb::ATTESTATION_OUTCOME_UNSPECIFIED;
}

pb::ComputationRelease ReleaseOf(domain::Release release) {
  switch (release) {
    case domain::Release::kWaiting:
      return pb::COMPUTATION_RELEASE_WAITING;
    case domain::Release::kReleased:
      return pb::COMPUTATION_RELEASE_RELEASED;
    case domain::Release::kRefused:
      return pb::COMPUTATION_RELEASE_REFUSED;
  }
  return pb::COMPUTATION_RELEASE_UNSPECIFIED;
}

void FillAgent(const cvm::AgentStatus& agent, pb::CvmAgent& filled) {
  filled.set_connected(agent.connected);
  filled.set_state(agent.state);
  filled.set_status(agent.status);
  *filled.mutable_time() = ToProto(agent.time);
}

void FillAttestation(const domain::AttestationNote& note, pb::CvmAttestation& filled) {
  filled.set_mode(note.mode);
  filled.set_outcome(OutcomeOf(note.result));
  filled.set_release(ReleaseOf(note.release));
  filled.set_summary(note.summary);
  *filled.mutable_time() = ToProto(note.time);
}

}  // namespace

std::string ToUtf8(const std::string& text) {
  if (google::protobuf::internal::IsStructurallyValidUTF8(text)) return text;
  std::string repaired = text;
  for (char& c : repaired) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return repaired;
}

namespace {

pb::LaunchInput ToProto(const cvm::LaunchInput& input) {
  pb::LaunchInput message;
  message.set_name(std::string(input.name));
  message.set_by(std::string(input.by));
  switch (input.coverage) {
    case cvm::Coverage::kMeasured:
      message.set_coverage(pb::INPUT_COVERAGE_MEASURED);
      break;
    case cvm::Coverage::kBound:
      message.set_coverage(pb::INPUT_COVERAGE_BOUND);
      break;
    case cvm::Coverage::kUnmeasured:
      message.set_coverage(pb::INPUT_COVERAGE_UNMEASURED);
      break;
  }
  return message;
}

pb::ClaimOutcome ToProto(attestation::Outcome outcome) {
  switch (outcome) {
    case attestation::Outcome::kPassed:
      return pb::CLAIM_OUTCOME_PASSED;
    case attestation::Outcome::kFailed:
      return pb::CLAIM_OUTCOME_FAILED;
    case attestation::Outcome::kUnchecked:
      return pb::CLAIM_OUTCOME_UNCHECKED;
  }
  return pb::CLAIM_OUTCOME_UNSPECIFIED;
}

pb::EvidenceClaim ToProto(const attestation::Claim& claim) {
  pb::EvidenceClaim message;
  message.set_name(ToUtf8(claim.name));
  message.set_outcome(ToProto(claim.outcome));
  message.set_expected(ToUtf8(claim.expected));
  message.set_actual(ToUtf8(claim.actual));
  message.set_source(ToUtf8(claim.source));
  message.set_detail(ToUtf8(claim.detail));
  return message;
}

pb::AttestVerdict VerdictOf(bool passed, const std::string& missing) {
  if (!missing.empty()) return pb::ATTEST_VERDICT_MISSING_COLLATERAL;
  return passed ? pb::ATTEST_VERDICT_PASSED : pb::ATTEST_VERDICT_REFUSED;
}

}  // namespace

std::string HostPort(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

pb::CvmState ToProto(cvm::State state) {
  switch (state) {
    case cvm::State::kRequested:
      return pb::CVM_STATE_REQUESTED;
    case cvm::State::kReserved:
      return pb::CVM_STATE_RESERVED;
    case cvm::State::kStaged:
      return pb::CVM_STATE_STAGED;
    case cvm::State::kDefined:
      return pb::CVM_STATE_DEFINED;
    case cvm::State::kStarting:
      return pb::CVM_STATE_STARTING;
    case cvm::State::kRunning:
      return pb::CVM_STATE_RUNNING;
    case cvm::State::kStopping:
      return pb::CVM_STATE_STOPPING;
    case cvm::State::kRemoved:
      return pb::CVM_STATE_REMOVED;
    case cvm::State::kFailed:
      return pb::CVM_STATE_FAILED;
    case cvm::State::kUnknown:
      return pb::CVM_STATE_UNKNOWN;
  }
  return pb::CVM_STATE_UNSPECIFIED;
}

pb::ChangeKind ToProto(cvm::ChangeKind kind) {
  switch (kind) {
    case cvm::ChangeKind::kLifeCycle:
      return pb::CHANGE_KIND_LIFE_CYCLE;
    case cvm::ChangeKind::kAgent:
      return pb::CHANGE_KIND_AGENT;
    case cvm::ChangeKind::kAttestation:
      return pb::CHANGE_KIND_ATTESTATION;
  }
  return pb::CHANGE_KIND_UNSPECIFIED;
}

pb::Tee ToProto(domain::Tee tee) {
  switch (tee) {
    case domain::Tee::kNone:
      return pb::TEE_NONE;
    case domain::Tee::kSevSnp:
      return pb::TEE_SEV_SNP;
    case domain::Tee::kTdx:
      return pb::TEE_TDX;
  }
  return pb::TEE_UNSPECIFIED;
}

google::protobuf::Timestamp ToProto(cvm::TimePoint time) {
  // Floor: nanos must not be negative, also before 1970.
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds.time_since_epoch().count());
  timestamp.set_nanos(static_cast<std::int32_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds).count()));
  return timestamp;
}

pb::Cvm ToProto(const cvm::Snapshot& snapshot) {
  pb::Cvm cvm;
  cvm.set_id(snapshot.id.text());
  cvm.set_domain_name("cvm-" + snapshot.id.text());
  cvm.set_state(ToProto(snapshot.state));
  cvm.set_class_name(snapshot.class_name);
  cvm.set_tee(ToProto(snapshot.tee));
  *cvm.mutable_created() = ToProto(snapshot.created);
  *cvm.mutable_changed() = ToProto(snapshot.changed);
  if (snapshot.expires) *cvm.mutable_expires() = ToProto(*snapshot.expires);
  if (snapshot.agent_port != 0) {
    cvm.set_agent_address(HostPort(snapshot.agent_bind_address, snapshot.agent_port));
  }
  cvm.set_vsock_cid(snapshot.vsock_cid.value_or(0));
  cvm.set_computation_id(snapshot.computation_id);
  cvm.set_kernel_command_line(snapshot.kernel_command_line);
  cvm.set_memory_mib(snapshot.memory_mib);
  cvm.set_vcpus(snapshot.vcpus);
  cvm.set_cause(ToUtf8(snapshot.cause));
  cvm.set_console_tail(ToUtf8(snapshot.console_tail));
  for (const auto& [name, value] : snapshot.reference_values) {
    (*cvm.mutable_reference_values())[name] = value;
  }
  if (snapshot.agent) FillAgent(*snapshot.agent, *cvm.mutable_agent());
  if (snapshot.attestation) FillAttestation(*snapshot.attestation, *cvm.mutable_attestation());
  return cvm;
}

void AddLaunchInputs(const cvm::Snapshot& snapshot, pb::Cvm& cvm) {
  for (const cvm::LaunchInput& input : cvm::LaunchInputsOf(snapshot)) {
    *cvm.add_launch_inputs() = ToProto(input);
  }
}

pb::AttestResponse ToProto(const AttestOutcome& outcome) {
  pb::AttestResponse response;
  response.set_verdict(VerdictOf(outcome.passed, outcome.missing));
  response.set_summary(ToUtf8(outcome.summary));
  for (const AttestOutcome::Part& part : outcome.parts) {
    pb::PolicyAppraisal& appraisal = *response.add_appraisals();
    appraisal.set_policy(ToUtf8(part.policy));
    appraisal.set_verdict(VerdictOf(part.verdict.passed(), part.missing));
    appraisal.set_missing(ToUtf8(part.missing));
    for (const attestation::Claim& claim : part.verdict.claims) {
      *appraisal.add_claims() = ToProto(claim);
    }
  }
  response.set_explanation(ToUtf8(outcome.explanation));
  response.set_agent_address(outcome.agent_address);
  *response.mutable_time() = ToProto(outcome.time);
  return response;
}

pb::WatchCvmsResponse ToProto(const cvm::Change& change) {
  pb::WatchCvmsResponse response;
  response.set_revision(change.revision);
  *response.mutable_time() = ToProto(change.time);
  response.set_previous_state(ToProto(change.previous));
  *response.mutable_cvm() = ToProto(change.cvm);
  response.set_kind(ToProto(change.kind));
  response.set_text(change.text);
  if (change.event_latency) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*change.event_latency);
    response.mutable_event_latency()->set_seconds(seconds.count());
    response.mutable_event_latency()->set_nanos(
        static_cast<std::int32_t>((*change.event_latency - seconds).count()));
  }
  return response;
}

}  // namespace cocos::api
