#include "cli/attest_command.h"

#include <grpcpp/client_context.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "cli/connection.h"
#include "cli/judgement.h"
#include "cli/printable.h"
#include "proto/operator.grpc.pb.h"

namespace cocos::cli {
namespace {

namespace pb = operators::v1;
using nlohmann::ordered_json;

attestation::Outcome OutcomeOf(pb::ClaimOutcome outcome) {
  switch (outcome) {
    case pb::CLAIM_OUTCOME_PASSED:
      return attestation::Outcome::kPassed;
    case pb::CLAIM_OUTCOME_UNCHECKED:
      return attestation::Outcome::kUnchecked;
    default:  // also what a later manager may add: it is not to pass for a success
      return attestation::Outcome::kFailed;
  }
}

ExitStatus StatusOfVerdict(pb::AttestVerdict verdict) {
  switch (verdict) {
    case pb::ATTEST_VERDICT_PASSED:
      return ExitStatus::kDone;
    case pb::ATTEST_VERDICT_MISSING_COLLATERAL:
      return ExitStatus::kMissingCollateral;
    default:
      return ExitStatus::kFailed;
  }
}

std::string_view VerdictWord(pb::AttestVerdict verdict) {
  switch (StatusOfVerdict(verdict)) {
    case ExitStatus::kDone:
      return "verified";
    case ExitStatus::kMissingCollateral:
      return "missing-collateral";
    default:
      return "refused";
  }
}

Judgement JudgementOf(const pb::PolicyAppraisal& appraisal, const pb::AttestResponse& response) {
  Judgement judgement;
  judgement.subject = appraisal.policy();
  judgement.missing = appraisal.missing();
  judgement.has_policy = true;
  judgement.time = crypto::TimePoint(std::chrono::seconds(response.time().seconds()));
  for (const pb::EvidenceClaim& claim : appraisal.claims()) {
    judgement.verdict.Add({.name = claim.name(),
                           .expected = claim.expected(),
                           .actual = claim.actual(),
                           .outcome = OutcomeOf(claim.outcome()),
                           .source = claim.source(),
                           .detail = claim.detail()});
  }
  return judgement;
}

std::string LastLine(const std::string& id, const pb::AttestResponse& response) {
  const ExitStatus status = StatusOfVerdict(response.verdict());
  const std::string summary = Printable(response.summary(), false);
  if (status == ExitStatus::kDone) return fmt::format("CVM {}: verified\n", id);
  return fmt::format("CVM {}: {}: {}\n", id,
                     status == ExitStatus::kFailed ? "REFUSED" : "NOT JUDGED", summary);
}

std::string Text(const std::string& id, const pb::AttestResponse& response, std::size_t columns) {
  std::string text;
  for (const pb::PolicyAppraisal& appraisal : response.appraisals()) {
    text += FormatJudgement(JudgementOf(appraisal, response), columns) + "\n";
  }
  if (!response.explanation().empty()) {
    text += "explanation: " + Printable(response.explanation(), false) + "\n";
  }
  text += fmt::format(
      "note: asked the agent at {}, in plain text: this is about the CVM, and not "
      "about the connection to it\n",
      response.agent_address());
  return text + LastLine(id, response);
}

ordered_json Json(const std::string& id, const pb::AttestResponse& response) {
  ordered_json appraisals = ordered_json::array();
  for (const pb::PolicyAppraisal& appraisal : response.appraisals()) {
    const ordered_json judgement = JudgementJson(JudgementOf(appraisal, response));
    appraisals.push_back({{"policy", appraisal.policy()},
                          {"verdict", VerdictWord(appraisal.verdict())},
                          {"missing", appraisal.missing()},
                          {"claims", judgement.at("claims")}});
  }
  return {{"id", id},
          {"verdict", VerdictWord(response.verdict())},
          {"summary", response.summary()},
          {"explanation", response.explanation()},
          {"agent", response.agent_address()},
          {"appraisals", std::move(appraisals)}};
}

}  // namespace

Result<ExitStatus> AttestCvm(const ManagerOptions& manager, const std::string& id,
                             const Streams& streams) {
  const auto channel = COCOS_TRY(OpenChannel(manager.connection));
  const auto stub = pb::Operator::NewStub(channel);
  grpc::ClientContext context;
  if (manager.timeout) {
    context.set_deadline(
        std::chrono::system_clock::now() +
        std::chrono::duration_cast<std::chrono::system_clock::duration>(*manager.timeout));
  }
  pb::AttestRequest request;
  request.set_id(id);
  pb::AttestResponse response;
  const grpc::Status status = stub->Attest(&context, request, &response);
  if (!status.ok()) return tl::unexpected(StatusError(status));
  if (manager.json) {
    streams.out << JsonText(Json(id, response));
  } else {
    streams.out << Text(id, response, streams.out_columns) << std::flush;
  }
  return StatusOfVerdict(response.verdict());
}

}  // namespace cocos::cli
