#include "cli/policy_command.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "cli/judgement.h"
#include "cli/policy_demands.h"
#include "cli/printable.h"
#include "cli/table.h"

namespace cocos::cli {
namespace {

namespace policy = attestation::policy;
using nlohmann::ordered_json;

Result<ReadPolicyFile> ReadFor(const PolicyOptions& options, const Streams& streams) {
  PolicyFile file = options.file;
  file.profile = policy::ProfileNamed(options.profile).value_or(policy::Profile::kProduction);
  ReadPolicyFile read = COCOS_TRY(ReadPolicy(file));
  for (const std::string& note : read.notes) {
    streams.err << "cvmctl: note: " << Printable(note, false) << std::endl;
  }
  return read;
}

ordered_json DemandsJson(const std::vector<Demand>& demands) {
  ordered_json list = ordered_json::array();
  for (const Demand& demand : demands) {
    list.push_back({{"key", demand.key}, {"value", demand.value}});
  }
  return list;
}

std::string DemandsText(const std::vector<Demand>& demands, std::size_t max_width) {
  std::vector<Row> rows;
  for (const Demand& demand : demands) rows.push_back({demand.key + ":", FreeText(demand.value)});
  return FormatTable(rows, max_width);
}

}  // namespace

Result<ExitStatus> ShowPolicy(const PolicyOptions& options, const Streams& streams) {
  const ReadPolicyFile read = COCOS_TRY(ReadFor(options, streams));
  const std::vector<Demand> demands = DemandsOf(read.policy);
  if (options.json) {
    streams.out << JsonText({{"format", read.format}, {"demands", DemandsJson(demands)}});
  } else {
    streams.out << DemandsText(demands, streams.out_columns);
  }
  return ExitStatus::kDone;
}

Result<ExitStatus> CheckPolicyFile(const PolicyOptions& options, const Streams& streams) {
  const ReadPolicyFile read = COCOS_TRY(ReadFor(options, streams));
  const std::string profile(policy::ProfileName(read.policy.profile));
  if (options.json) {
    streams.out << JsonText({{"format", read.format}, {"profile", profile}});
  } else {
    streams.out << fmt::format("{}: good, {}, {} profile\n", Printable(options.file.path, false),
                               read.format, profile);
  }
  return ExitStatus::kDone;
}

Result<ExitStatus> ConvertPolicy(const ConvertOptions& options, const Streams& streams) {
  constexpr std::string_view kCommand = "policy convert";
  if (const std::string wrong = WhyNotWritable(options.output, streams); !wrong.empty()) {
    streams.err << "cvmctl: " << kCommand << ": " << wrong << std::endl;
    return ExitStatus::kUsage;
  }
  const ReadPolicyFile read = COCOS_TRY(ReadFor(options.policy, streams));
  Result<void> written = WritePolicy(read.policy, options.output, kCommand, streams);
  if (!written) return tl::unexpected(std::move(written).error().Within(options.policy.file.path));
  // Given a key, the reader took nothing but what it signed.
  if (!options.policy.file.key_path.empty() && options.output.signing_key.empty()) {
    streams.err << "cvmctl: " << kCommand << ": the signature is lost: the result has none"
                << std::endl;
  }
  return ExitStatus::kDone;
}

}  // namespace cocos::cli
