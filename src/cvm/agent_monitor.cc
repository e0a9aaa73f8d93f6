#include "cvm/agent_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace cocos::cvm {
namespace {

using domain::AttestationNote;
using domain::AttestationResult;
using domain::Release;

constexpr std::size_t kMaxWordBytes = 64;  // of a state or status; the longest known has 20
constexpr std::size_t kMaxLineBytes = 1024;

// One line of ASCII: fit for metadata, for a log and for a terminal, whoever wrote it.
std::string PrintableLine(std::string_view text, std::size_t max_bytes) {
  const bool is_cut = text.size() > max_bytes;
  std::string line(text.substr(0, max_bytes));
  std::ranges::replace_if(
      line, [](char c) { return c < ' ' || c > '~'; }, '?');
  if (is_cut) line += "...";
  return line;
}

AgentStatus& AgentOf(Snapshot& cvm) {
  if (!cvm.agent) cvm.agent.emplace();
  return *cvm.agent;
}

AttestationNote& AttestationOf(Snapshot& cvm, std::string_view mode) {
  if (!cvm.attestation) cvm.attestation.emplace();
  cvm.attestation->mode = mode;
  return *cvm.attestation;
}

}  // namespace

void AgentMonitor::NoteConnected(const CvmId& id, bool connected) {
  registry_.Note(id, ChangeKind::kAgent, [&](Snapshot& cvm) -> std::string {
    if (!cvm.agent && !connected) return "";  // none ever came
    AgentStatus& agent = AgentOf(cvm);
    if (std::exchange(agent.connected, connected) == connected) return "";
    agent.time = clock_.Now();
    return connected ? "connected" : "disconnected";
  });
}

void AgentMonitor::NoteState(const CvmId& id, std::string_view state, std::string_view status) {
  const std::string new_state = PrintableLine(state, kMaxWordBytes);
  const std::string new_status = PrintableLine(status, kMaxWordBytes);
  registry_.Note(id, ChangeKind::kAgent, [&](Snapshot& cvm) -> std::string {
    AgentStatus& agent = AgentOf(cvm);
    agent.time = clock_.Now();
    if (agent.state == new_state && agent.status == new_status) return "";
    agent.state = new_state;
    agent.status = new_status;
    return new_status.empty() ? new_state : fmt::format("{}: {}", new_state, new_status);
  });
}

void AgentMonitor::NoteAnswer(const CvmId& id, std::string_view error) {
  const std::string text =
      error.empty() ? "took its computation"
                    : "cannot take its computation: " + PrintableLine(error, kMaxLineBytes);
  registry_.Note(id, ChangeKind::kAgent, [&](Snapshot& cvm) {
    AgentOf(cvm).time = clock_.Now();
    return text;
  });
}

void AgentMonitor::NoteLog(const CvmId& id, std::string_view level, std::string_view text) {
  const std::shared_ptr<LogRing> ring = registry_.LogOf(id);
  if (!ring) return;
  ring->Append({.time = clock_.Now(),
                .level = PrintableLine(level, kMaxWordBytes),
                .text = std::string(text)});
}

void AgentMonitor::NoteAppraisal(const CvmId& id, std::string_view mode, bool passed,
                                 std::string_view summary) {
  ++(passed ? passed_ : failed_);
  const std::string line = PrintableLine(summary, kMaxLineBytes);
  const AttestationResult result = passed ? AttestationResult::kPassed : AttestationResult::kFailed;
  NoteAttestation(id, [&](Snapshot& cvm) -> std::string {
    AttestationNote& note = AttestationOf(cvm, mode);
    note.time = clock_.Now();
    if (note.result == result && note.summary == line) return "";
    note.result = result;
    note.summary = line;
    return fmt::format("{}: {}", AttestationResultName(result), line);
  });
}

void AgentMonitor::NoteReleased(const CvmId& id, std::string_view mode) {
  ++released_;
  NoteAttestation(id, [&](Snapshot& cvm) -> std::string {
    AttestationNote& note = AttestationOf(cvm, mode);
    note.time = clock_.Now();
    if (std::exchange(note.release, Release::kReleased) == Release::kReleased) return "";
    return "computation released";
  });
}

void AgentMonitor::NoteRefused(const CvmId& id, std::string_view mode, std::string_view why) {
  ++refused_;
  const std::string line = PrintableLine(why, kMaxLineBytes);
  NoteAttestation(id, [&](Snapshot& cvm) -> std::string {
    AttestationNote& note = AttestationOf(cvm, mode);
    note.time = clock_.Now();
    note.release = Release::kRefused;
    note.summary = line;
    return "computation refused: " + line;
  });
}

void AgentMonitor::NoteAttestation(const CvmId& id, const Registry::Edit& edit) {
  if (registry_.Note(id, ChangeKind::kAttestation, edit)) record_();
}

AgentMonitor::Totals AgentMonitor::totals() const {
  return {.passed = passed_, .failed = failed_, .released = released_, .refused = refused_};
}

}  // namespace cocos::cvm
