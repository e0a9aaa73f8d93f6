#include "cli/collateral_command.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/go_duration.h"
#include "cli/evidence_files.h"
#include "cli/judgement.h"
#include "cli/printable.h"
#include "cli/table.h"
#include "collateral/curl_client.h"
#include "collateral/fetcher.h"
#include "collateral/status.h"
#include "collateral/update.h"

namespace cocos::cli {
namespace {

using collateral::CacheStatus;
using collateral::FetchPlan;
using collateral::ItemOutcome;
using collateral::PieceState;
using collateral::PieceStatus;
using collateral::StoreOutcome;
using collateral::TimeText;
using nlohmann::ordered_json;
using std::chrono::milliseconds;

constexpr std::size_t kMaxMirrorCaBytes = 4UL * 1024 * 1024;  // a whole system's certificates

// Fetching

Result<milliseconds> ParseWait(std::string_view option, const std::string& text,
                               milliseconds least) {
  constexpr std::chrono::hours kMost{24};
  const Result<std::chrono::nanoseconds> parsed = ParseGoDuration(text);
  if (parsed && *parsed >= least && *parsed <= kMost) {
    return std::chrono::duration_cast<milliseconds>(*parsed);
  }
  return Fail(ErrorCode::kInvalidArgument, "{} {:?}: want a time from {} to 24h, as in 1m30s",
              option, text, FormatGoDuration(least));
}

Result<void> SetUrl(std::string_view option, const std::string& text, collateral::BaseUrl& url) {
  if (text.empty()) return {};
  Result<collateral::BaseUrl> parsed = collateral::BaseUrl::Parse(text);
  if (!parsed) return tl::unexpected(std::move(parsed).error().Within(option));
  url = *std::move(parsed);
  return {};
}

Result<collateral::Services> ServicesOf(const FetchCollateralOptions& options) {
  collateral::Services services;
  COCOS_TRY(SetUrl("--kds-url", options.kds_url, services.kds));
  COCOS_TRY(SetUrl("--pcs-url", options.pcs_url, services.pcs));
  COCOS_TRY(SetUrl("--root-crl-url", options.root_crl_url, services.root_crl));
  return services;
}

Result<FetchPlan> PlanFetch(const FetchCollateralOptions& options) {
  const collateral::Services services = COCOS_TRY(ServicesOf(options));
  FetchPlan plan = COCOS_TRY(PlanOf(options.selection, services));
  if (!plan.empty()) return plan;
  return Fail(ErrorCode::kInvalidArgument,
              "nothing to fetch: want --for FILE, --product, --fmspc or --tdx");
}

Result<collateral::CurlOptions> CurlOptionsOf(const FetchCollateralOptions& options) {
  collateral::CurlOptions curl;
  // Without a millisecond there would be no limit at all.
  curl.total_timeout =
      COCOS_TRY(ParseWait("--request-timeout", options.request_timeout, milliseconds(1)));
  // A file that is not there is no reason to try again later.
  if (!options.mirror_ca.empty()) COCOS_TRY(ReadBytes(options.mirror_ca, kMaxMirrorCaBytes));
  curl.ca_file = options.mirror_ca;
  return curl;
}

// A user who waits must see why, also where the rest goes into a file.
void TellWait(const collateral::RetryNotice& notice, const Streams& streams) {
  streams.err << fmt::format("cvmctl: {}; waiting {}{}, then attempt {} of {}",
                             Printable(notice.problem, false), FormatGoDuration(notice.pause),
                             notice.asked_by_service ? " as it asks" : "", notice.next_attempt,
                             notice.max_attempts)
              << std::endl;
}

void TellFailure(const ItemOutcome& outcome, const Streams& streams) {
  if (outcome.result) return;
  streams.err << "cvmctl: " << Printable(outcome.result.error().message(), false) << std::endl;
}

std::string FileOf(const collateral::Piece& piece) {
  const collateral::PieceFiles files = FilesOf(piece);
  return files.folder + "/" + files.body;
}

std::string ResultName(const ItemOutcome& outcome) {
  if (!outcome.result) return "failed";
  return *outcome.result == StoreOutcome::kStored ? "fetched" : "unchanged";
}

std::string FormatOutcomes(const std::vector<ItemOutcome>& outcomes, const std::string& directory,
                           std::size_t max_width) {
  std::vector<Row> rows = {{"RESULT", "PIECE", "FILE"}};
  for (const ItemOutcome& outcome : outcomes) {
    rows.push_back(
        {ResultName(outcome), FreeText(PieceText(outcome.item.piece)), FileOf(outcome.item.piece)});
  }
  const auto count = [&](const std::string& name) {
    return std::ranges::count(outcomes, name, ResultName);
  };
  return FormatTable(rows, max_width) + fmt::format("{}: {} fetched, {} unchanged, {} failed\n",
                                                    Printable(directory, false), count("fetched"),
                                                    count("unchanged"), count("failed"));
}

ordered_json OutcomesJson(const std::vector<ItemOutcome>& outcomes, const std::string& directory) {
  ordered_json pieces = ordered_json::array();
  for (const ItemOutcome& outcome : outcomes) {
    pieces.push_back({{"piece", PieceText(outcome.item.piece)},
                      {"file", FileOf(outcome.item.piece)},
                      {"url", outcome.item.url},
                      {"result", ResultName(outcome)},
                      {"problem", outcome.result ? "" : outcome.result.error().message()}});
  }
  return {{"directory", directory}, {"pieces", std::move(pieces)}};
}

// Status

Result<CacheStatus> Describe(const CollateralStatusOptions& options,
                             const collateral::TrustAnchors& anchors, crypto::TimePoint now) {
  const FetchPlan plan = COCOS_TRY(PlanOf(options.selection, {}));
  const collateral::CollateralCache cache(options.directory);
  const std::chrono::days soon(options.soon_days);
  if (plan.empty()) return collateral::DescribeCache(cache, anchors, now, soon);
  std::vector<collateral::Piece> pieces;
  for (const collateral::FetchItem& item : plan) pieces.push_back(item.piece);
  return collateral::DescribePieces(cache, pieces, anchors, now, soon);
}

std::string TimeOrDash(const std::optional<crypto::TimePoint>& time) {
  return time ? TimeText(*time) : "-";
}

std::string StatusTable(const CacheStatus& status, std::size_t max_width) {
  if (status.pieces.empty()) return "";
  std::vector<Row> rows = {{"STATE", "EXPIRES", "ISSUED", "PIECE", "FILE"}};
  for (const PieceStatus& piece : status.pieces) {
    rows.push_back({std::string(PieceStateName(piece.state)),
                    piece.validity ? TimeText(piece.validity->until) : "-",
                    TimeOrDash(piece.issued), FreeText(PieceText(piece.piece)), piece.file});
  }
  return FormatTable(rows, max_width);
}

std::string StatusNotes(const CacheStatus& status) {
  std::string text;
  std::set<std::string> commands;
  for (const PieceStatus& piece : status.pieces) {
    if (piece.state == PieceState::kBroken) {
      text += fmt::format("{}: {}\n", piece.file, Printable(piece.problem, false));
    }
    if (piece.state != PieceState::kGood) commands.insert(piece.fetch_command);
  }
  for (const std::string& file : status.unknown_files) {
    text += fmt::format("{}: not collateral, never read\n", Printable(file, false));
  }
  for (const std::string& command : commands) {
    text += fmt::format("fetch with: {}\n", Printable(command, false));
  }
  return text;
}

std::string StatusLine(const CacheStatus& status) {
  if (status.pieces.empty()) return "no collateral";
  const auto unusable =
      std::ranges::count_if(status.pieces, [](const PieceStatus& piece) { return !Usable(piece); });
  if (unusable == 0) return "all usable until " + TimeOrDash(status.good_until);
  return fmt::format("{} of {} CANNOT BE USED", unusable, status.pieces.size());
}

ordered_json TimeJson(const std::optional<crypto::TimePoint>& time) {
  return time ? ordered_json(TimeText(*time)) : ordered_json(nullptr);
}

ordered_json PieceJson(const PieceStatus& piece) {
  const bool valid = piece.validity.has_value();
  return {{"piece", PieceText(piece.piece)},
          {"file", piece.file},
          {"state", PieceStateName(piece.state)},
          {"issued", TimeJson(piece.issued)},
          {"valid_from", valid ? TimeJson(piece.validity->from) : nullptr},
          {"expires", valid ? TimeJson(piece.validity->until) : nullptr},
          {"problem", piece.problem},
          {"fetch", piece.fetch_command}};
}

ordered_json StatusJson(const CacheStatus& status, const std::string& directory,
                        crypto::TimePoint now) {
  ordered_json pieces = ordered_json::array();
  for (const PieceStatus& piece : status.pieces) pieces.push_back(PieceJson(piece));
  return {{"directory", directory},       {"time", TimeText(now)},
          {"usable", status.AllUsable()}, {"good_until", TimeJson(status.good_until)},
          {"pieces", std::move(pieces)},  {"unknown_files", status.unknown_files}};
}

}  // namespace

Result<ExitStatus> FetchCollateral(const FetchCollateralOptions& options, const Streams& streams,
                                   const collateral::TrustAnchors& anchors,
                                   collateral::Clock& clock) {
  const FetchPlan plan = COCOS_TRY(PlanFetch(options));
  const collateral::CurlOptions curl = COCOS_TRY(CurlOptionsOf(options));
  collateral::RetryOptions retry;
  retry.patience = COCOS_TRY(ParseWait("--patience", options.patience, milliseconds(0)));
  retry.before_wait = [&streams](const auto& notice) { TellWait(notice, streams); };
  collateral::CurlClient client(curl);
  collateral::Fetcher fetcher(client, clock, retry);
  collateral::UpdateObserver observer;
  observer.done = [&streams](const ItemOutcome& outcome) { TellFailure(outcome, streams); };
  const std::vector<ItemOutcome> outcomes = collateral::Update(
      collateral::CollateralCache(options.directory), plan, fetcher, anchors, clock, {}, observer);
  if (options.json) {
    streams.out << JsonText(OutcomesJson(outcomes, options.directory));
  } else {
    streams.out << FormatOutcomes(outcomes, options.directory, streams.out_columns);
  }
  const bool all = std::ranges::all_of(
      outcomes, [](const ItemOutcome& outcome) { return outcome.result.has_value(); });
  return all ? ExitStatus::kDone : ExitStatus::kFailed;
}

Result<ExitStatus> ShowCollateral(const CollateralStatusOptions& options, const Streams& streams,
                                  const collateral::TrustAnchors& anchors) {
  const crypto::TimePoint now = COCOS_TRY(ParseNow(options.now));
  const CacheStatus status = COCOS_TRY(Describe(options, anchors, now));
  if (options.json) {
    streams.out << JsonText(StatusJson(status, options.directory, now));
  } else {
    streams.out << StatusTable(status, streams.out_columns) << StatusNotes(status)
                << fmt::format("{} at {}: {}\n", Printable(options.directory, false), TimeText(now),
                               StatusLine(status));
  }
  return status.AllUsable() ? ExitStatus::kDone : ExitStatus::kMissingCollateral;
}

}  // namespace cocos::cli
