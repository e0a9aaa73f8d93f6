#include "cli/format.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/printable.h"
#include "cli/table.h"

namespace cocos::cli {
namespace {

using google::protobuf::util::TimeUtil;
using nlohmann::ordered_json;
using operators::v1::Cvm;

// "CVM_STATE_RUNNING" to "running", "TEE_SEV_SNP" to "sev-snp".
std::string EnumText(std::string_view name, std::string_view prefix) {
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  std::string text(name);
  std::ranges::transform(text, text.begin(), [](char c) {
    if (c == '_') return '-';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string TimeText(const google::protobuf::Timestamp& time) { return TimeUtil::ToString(time); }

// Tables: seconds are enough for people.
std::string ShortTime(const google::protobuf::Timestamp& time) {
  google::protobuf::Timestamp whole;
  whole.set_seconds(time.seconds());
  return TimeUtil::ToString(whole);
}

std::string LatencyText(const google::protobuf::Duration& latency) {
  return fmt::format("{:.1f} ms",
                     static_cast<double>(TimeUtil::DurationToNanoseconds(latency)) / 1e6);
}

std::string OutcomeText(operators::v1::AttestationOutcome outcome) {
  return EnumText(operators::v1::AttestationOutcome_Name(outcome), "ATTESTATION_OUTCOME_");
}

std::string ReleaseText(operators::v1::ComputationRelease release) {
  return EnumText(operators::v1::ComputationRelease_Name(release), "COMPUTATION_RELEASE_");
}

std::string KindText(operators::v1::ChangeKind kind) {
  // Managers that know no kinds tell of states.
  if (kind == operators::v1::CHANGE_KIND_UNSPECIFIED) kind = operators::v1::CHANGE_KIND_LIFE_CYCLE;
  return EnumText(operators::v1::ChangeKind_Name(kind), "CHANGE_KIND_");
}

std::string SourceText(operators::v1::LogSource source) {
  return EnumText(operators::v1::LogSource_Name(source), "LOG_SOURCE_");
}

// "Running: InProgress", "agent gone".
std::string ProgressText(const Cvm& cvm) {
  if (!cvm.has_agent()) return "-";
  const operators::v1::CvmAgent& agent = cvm.agent();
  std::string text = agent.state();
  if (!agent.status().empty()) text += ": " + agent.status();
  if (!agent.connected()) text += text.empty() ? "agent gone" : ", agent gone";
  return text.empty() ? "agent connected" : text;
}

// "passed, released".
std::string VerdictText(const Cvm& cvm) {
  if (!cvm.has_attestation()) return "-";
  return OutcomeText(cvm.attestation().outcome()) + ", " + ReleaseText(cvm.attestation().release());
}

void AddAgentRows(const Cvm& cvm, std::vector<Row>& rows) {
  if (cvm.has_agent()) {
    rows.push_back({"progress", FreeText(ProgressText(cvm))});
    rows.push_back({"agent heard of", TimeText(cvm.agent().time())});
  }
  if (!cvm.has_attestation()) return;
  const operators::v1::CvmAttestation& attestation = cvm.attestation();
  rows.push_back({"attestation", fmt::format("{} (mode {}, {})", VerdictText(cvm),
                                             attestation.mode(), TimeText(attestation.time()))});
  if (!attestation.summary().empty()) {
    rows.push_back({"attestation says", FreeText(attestation.summary())});
  }
}

ordered_json AgentJson(const Cvm& cvm) {
  if (!cvm.has_agent()) return nullptr;
  return {{"connected", cvm.agent().connected()},
          {"state", cvm.agent().state()},
          {"status", cvm.agent().status()},
          {"time", TimeText(cvm.agent().time())}};
}

ordered_json AttestationJson(const Cvm& cvm) {
  if (!cvm.has_attestation()) return nullptr;
  return {{"mode", cvm.attestation().mode()},
          {"outcome", OutcomeText(cvm.attestation().outcome())},
          {"release", ReleaseText(cvm.attestation().release())},
          {"summary", cvm.attestation().summary()},
          {"time", TimeText(cvm.attestation().time())}};
}

std::vector<Row> ListRows(const operators::v1::ListCvmsResponse& list) {
  std::vector<Row> rows = {
      {"ID", "STATE", "CLASS", "TEE", "AGENT", "PROGRESS", "VERDICT", "CREATED", "EXPIRES"}};
  for (const Cvm& cvm : list.cvms()) {
    rows.push_back({cvm.id(), StateText(cvm.state()), FreeText(cvm.class_name()),
                    TeeText(cvm.tee()), cvm.agent_address(), FreeText(ProgressText(cvm)),
                    VerdictText(cvm), ShortTime(cvm.created()),
                    cvm.has_expires() ? ShortTime(cvm.expires()) : "-"});
  }
  return rows;
}

std::string CoverageText(operators::v1::InputCoverage coverage) {
  return EnumText(operators::v1::InputCoverage_Name(coverage), "INPUT_COVERAGE_");
}

// What a relying party can be sure of. Nothing from a manager that does not tell.
std::string InputTable(const Cvm& cvm, std::size_t max_width) {
  if (cvm.launch_inputs().empty()) return "";
  std::vector<Row> rows = {{"INPUT", "COVERAGE", "BY"}};
  for (const operators::v1::LaunchInput& input : cvm.launch_inputs()) {
    rows.push_back({input.name(), CoverageText(input.coverage()), FreeText(input.by())});
  }
  return "\n" + FormatTable(rows, max_width);
}

void DropColumn(std::vector<Row>& rows, const std::string& name) {
  const auto index = std::ranges::find(rows.front(), name, &Cell::text) - rows.front().begin();
  for (Row& row : rows) row.erase(row.begin() + index);
}

}  // namespace

std::string StateText(operators::v1::CvmState state) {
  return EnumText(operators::v1::CvmState_Name(state), "CVM_STATE_");
}

std::string TeeText(operators::v1::Tee tee) {
  return EnumText(operators::v1::Tee_Name(tee), "TEE_");
}

std::string FormatList(const operators::v1::ListCvmsResponse& list, std::size_t max_width) {
  std::vector<Row> rows = ListRows(list);
  // Only computations of a service have these.
  if (std::ranges::none_of(list.cvms(), &Cvm::has_agent)) DropColumn(rows, "PROGRESS");
  if (std::ranges::none_of(list.cvms(), &Cvm::has_attestation)) DropColumn(rows, "VERDICT");
  // What a narrow terminal goes without, in this order; `info` has it all.
  for (const char* name : {"CREATED", "EXPIRES", "TEE"}) {
    if (max_width == 0 || LeastWidth(rows) <= max_width) break;
    DropColumn(rows, name);
  }
  return FormatTable(rows, max_width);
}

std::string FormatCvm(const Cvm& cvm, std::size_t max_width) {
  std::vector<Row> rows = {
      {"id", cvm.id()},
      {"domain", cvm.domain_name()},
      {"state", StateText(cvm.state())},
      {"class", cvm.class_name()},
      {"tee", TeeText(cvm.tee())},
      {"agent", cvm.agent_address()},
      {"created", TimeText(cvm.created())},
      {"changed", TimeText(cvm.changed())},
      {"expires", cvm.has_expires() ? TimeText(cvm.expires()) : "never"},
      {"memory", fmt::format("{} MiB", cvm.memory_mib())},
      {"vcpus", std::to_string(cvm.vcpus())},
      {"kernel command line", FreeText(cvm.kernel_command_line())},
  };
  if (cvm.vsock_cid() != 0) rows.push_back({"vsock CID", std::to_string(cvm.vsock_cid())});
  if (!cvm.computation_id().empty()) rows.push_back({"computation", cvm.computation_id()});
  AddAgentRows(cvm, rows);
  if (!cvm.cause().empty()) rows.push_back({"cause", FreeText(cvm.cause())});
  std::vector<std::string> names;
  for (const auto& [name, value] : cvm.reference_values()) names.push_back(name);
  std::ranges::sort(names);
  for (const std::string& name : names) rows.push_back({name, cvm.reference_values().at(name)});
  std::string text = FormatTable(rows, max_width) + InputTable(cvm, max_width);
  if (!cvm.console_tail().empty())
    text += "last console output:\n" + Printable(cvm.console_tail(), true) + "\n";
  return text;
}

std::string FormatChange(const operators::v1::WatchCvmsResponse& change) {
  std::string text = fmt::format("{}  {}  ", TimeText(change.time()), change.cvm().id());
  if (!change.text().empty()) {
    text += fmt::format("{}: {}", KindText(change.kind()), Printable(change.text(), false));
  } else {
    text += fmt::format("{} -> {}", StateText(change.previous_state()),
                        StateText(change.cvm().state()));
    if (!change.cvm().cause().empty()) text += "  " + Printable(change.cvm().cause(), false);
  }
  if (change.has_event_latency())
    text += "  (" + LatencyText(change.event_latency()) + " after the event)";
  if (change.skipped() > 0) {
    text += fmt::format("  ({} of agents before it are not kept any more)", change.skipped());
  }
  return text + "\n";
}

std::string FormatLog(const operators::v1::StreamLogsResponse& entry) {
  const std::string source = SourceText(entry.source());
  std::string text;
  if (entry.lost() > 0 && entry.source() == operators::v1::LOG_SOURCE_AGENT) {
    text = fmt::format("-- {} entries of the agent are missing --\n", entry.lost());
  } else if (entry.lost() > 0) {
    text = fmt::format("-- output of the {} is missing --\n", source);
  }
  text += fmt::format("{}  {}  ", entry.has_time() ? TimeText(entry.time()) : "-", source);
  if (!entry.level().empty()) text += Printable(entry.level(), false) + "  ";
  return text + Printable(entry.text(), false) + "\n";
}

ordered_json CvmJson(const Cvm& cvm) {
  ordered_json json = {{"id", cvm.id()},
                       {"domain", cvm.domain_name()},
                       {"state", StateText(cvm.state())},
                       {"class", cvm.class_name()},
                       {"tee", TeeText(cvm.tee())},
                       {"agent", cvm.agent_address()},
                       {"created", TimeText(cvm.created())},
                       {"changed", TimeText(cvm.changed())},
                       {"expires", nullptr},
                       {"vsock_cid", cvm.vsock_cid()},
                       {"computation_id", cvm.computation_id()},
                       {"kernel_command_line", cvm.kernel_command_line()},
                       {"memory_mib", cvm.memory_mib()},
                       {"vcpus", cvm.vcpus()},
                       {"cause", cvm.cause()},
                       {"console_tail", cvm.console_tail()},
                       {"agent_status", AgentJson(cvm)},
                       {"attestation", AttestationJson(cvm)},
                       {"reference_values", ordered_json::object()}};
  if (cvm.has_expires()) json["expires"] = TimeText(cvm.expires());
  json["launch_inputs"] = ordered_json::array();
  for (const operators::v1::LaunchInput& input : cvm.launch_inputs()) {
    json["launch_inputs"].push_back(
        {{"name", input.name()}, {"coverage", CoverageText(input.coverage())}, {"by", input.by()}});
  }
  for (const auto& [name, value] : cvm.reference_values()) json["reference_values"][name] = value;
  return json;
}

ordered_json ListJson(const operators::v1::ListCvmsResponse& list) {
  ordered_json json = {{"revision", list.revision()}, {"cvms", ordered_json::array()}};
  for (const Cvm& cvm : list.cvms()) json["cvms"].push_back(CvmJson(cvm));
  return json;
}

ordered_json ChangeJson(const operators::v1::WatchCvmsResponse& change) {
  ordered_json json = {{"revision", change.revision()},
                       {"time", TimeText(change.time())},
                       {"previous_state", StateText(change.previous_state())},
                       {"event_latency_ns", nullptr},
                       {"kind", KindText(change.kind())},
                       {"text", change.text()},
                       {"skipped", change.skipped()},
                       {"cvm", CvmJson(change.cvm())}};
  if (change.has_event_latency()) {
    json["event_latency_ns"] = TimeUtil::DurationToNanoseconds(change.event_latency());
  }
  return json;
}

ordered_json LogJson(const operators::v1::StreamLogsResponse& entry) {
  ordered_json json = {{"time", nullptr},
                       {"source", SourceText(entry.source())},
                       {"level", entry.level()},
                       {"text", entry.text()},
                       {"lost", entry.lost()}};
  if (entry.has_time()) json["time"] = TimeText(entry.time());
  return json;
}

}  // namespace cocos::cli
