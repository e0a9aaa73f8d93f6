#include "cli/judgement.h"

#include <fmt/chrono.h>

#include <nlohmann/json.hpp>

#include "cli/printable.h"
#include "cli/table.h"

namespace cocos::cli {
namespace {

using attestation::Claim;
using attestation::Outcome;
using nlohmann::ordered_json;

std::string TimeText(crypto::TimePoint time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(time.time_since_epoch().count()));
}

std::string_view VerdictName(ExitStatus status) {
  if (status == ExitStatus::kDone) return "verified";
  return status == ExitStatus::kMissingCollateral ? "missing-collateral" : "refused";
}

std::string Why(const Claim& claim) {
  if (!claim.detail.empty()) return claim.detail;
  return fmt::format("is {}, want {}", claim.actual.empty() ? "empty" : claim.actual,
                     claim.expected);
}

std::string RefusalLine(const attestation::Verdict& verdict) {
  const std::vector<Claim> failures = verdict.failures();
  if (failures.empty()) return "REFUSED: nothing was established";
  std::string line = fmt::format("REFUSED: {}: {}", failures.front().name, Why(failures.front()));
  if (failures.size() > 1) line += fmt::format(" (and {} more)", failures.size() - 1);
  return line;
}

// Nobody shall read more into the word than was found.
std::string VerifiedLine(const Judgement& judgement) {
  std::string line = "verified";
  if (judgement.unofficial_root) {
    line += fmt::format(" under a root that is NOT {}'s", judgement.vendor);
  }
  if (!judgement.has_policy) line += ", without a policy";
  return line;
}

std::string VerdictLine(const Judgement& judgement) {
  switch (StatusOf(judgement)) {
    case ExitStatus::kMissingCollateral:
      return "NOT JUDGED: missing collateral: " + judgement.missing;
    case ExitStatus::kDone:
      return VerifiedLine(judgement);
    default:
      return RefusalLine(judgement.verdict);
  }
}

Row ClaimRow(const Claim& claim) {
  const bool failed = claim.outcome == Outcome::kFailed;
  return {claim.name,
          failed ? std::string("FAILED") : std::string(attestation::OutcomeName(claim.outcome)),
          FreeText(claim.expected), FreeText(claim.actual)};
}

std::string ClaimTable(const attestation::Verdict& verdict, std::size_t max_width) {
  if (verdict.claims.empty()) return "";
  std::vector<Row> rows = {{"CLAIM", "OUTCOME", "EXPECTED", "ACTUAL"}};
  for (const Claim& claim : verdict.claims) rows.push_back(ClaimRow(claim));
  std::string text = FormatTable(rows, max_width);
  for (const Claim& claim : verdict.failures()) {
    text += fmt::format("failed: {}: {}\n", claim.name, Printable(Why(claim), false));
  }
  return text;
}

// Notes that follow from how the command was called come before those of its files.
std::vector<std::string> AllNotes(const Judgement& judgement) {
  std::vector<std::string> notes;
  if (judgement.unofficial_root) {
    notes.push_back(
        fmt::format("the trusted root was given by --unofficial-root and is not {}'s: "
                    "this says nothing about hardware",
                    judgement.vendor));
  }
  if (!judgement.has_policy) {
    notes.push_back(
        "no --policy: who signed was checked, but not whether this is the guest that "
        "is wanted");
  }
  notes.insert(notes.end(), judgement.notes.begin(), judgement.notes.end());
  return notes;
}

ordered_json ClaimJson(const Claim& claim) {
  return {{"name", claim.name},         {"outcome", attestation::OutcomeName(claim.outcome)},
          {"expected", claim.expected}, {"actual", claim.actual},
          {"source", claim.source},     {"detail", claim.detail}};
}

ordered_json FirstFailure(const Judgement& judgement) {
  const std::vector<Claim> failures = judgement.verdict.failures();
  return failures.empty() ? ordered_json(nullptr) : ordered_json(failures.front().name);
}

// Null where there is no root at all, as behind a bare key.
ordered_json OfficialRoot(const Judgement& judgement) {
  return judgement.vendor.empty() ? ordered_json(nullptr)
                                  : ordered_json(!judgement.unofficial_root);
}

}  // namespace

std::string JsonText(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

ExitStatus StatusOf(const Judgement& judgement) {
  if (!judgement.missing.empty()) return ExitStatus::kMissingCollateral;
  return judgement.verdict.passed() ? ExitStatus::kDone : ExitStatus::kFailed;
}

std::string FormatJudgement(const Judgement& judgement, std::size_t max_width) {
  std::string text = ClaimTable(judgement.verdict, max_width);
  for (const std::string& note : AllNotes(judgement)) {
    text += "note: " + Printable(note, false) + "\n";
  }
  text += fmt::format("{} at {}: {}\n", judgement.subject, TimeText(judgement.time),
                      Printable(VerdictLine(judgement), false));
  return text;
}

ordered_json JudgementJson(const Judgement& judgement) {
  ordered_json claims = ordered_json::array();
  for (const Claim& claim : judgement.verdict.claims) claims.push_back(ClaimJson(claim));
  return {{"verdict", VerdictName(StatusOf(judgement))},
          {"subject", judgement.subject},
          {"time", TimeText(judgement.time)},
          {"first_failure", FirstFailure(judgement)},
          {"missing", judgement.missing},
          {"official_root", OfficialRoot(judgement)},
          {"policy", judgement.has_policy},
          {"notes", AllNotes(judgement)},
          {"claims", std::move(claims)}};
}

ExitStatus Report(const Judgement& judgement, bool json, const Streams& streams) {
  if (json) {
    streams.out << JsonText(JudgementJson(judgement));
  } else {
    streams.out << FormatJudgement(judgement, streams.out_columns);
  }
  return StatusOf(judgement);
}

}  // namespace cocos::cli
