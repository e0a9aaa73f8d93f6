#include "cms/change_reporter.h"

#include <utility>

#include "cms/messages.h"

namespace cocos::cms {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 500ms;  // how soon a stop is noticed

}  // namespace

ChangeReporter::ChangeReporter(const cvm::Manager& manager, AgentGateway& gateway, Outbox& outbox,
                               std::function<void()> report_all, Logger& logger)
    : manager_(manager),
      gateway_(gateway),
      outbox_(outbox),
      report_all_(std::move(report_all)),
      logger_(logger),
      revision_(manager.changes().last_revision()),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void ChangeReporter::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto changes = manager_.changes().Next(revision_, kPatience);
    if (!changes && changes.error().code() == ErrorCode::kCancelled) return;
    if (!changes) {
      logger_.Warn("Changes of CVMs were missed, the service is told what runs");
      revision_ = manager_.changes().last_revision();
      report_all_();
      continue;
    }
    for (const cvm::Change& change : *changes) {
      revision_ = change.revision;
      Report(change);
    }
  }
}

void ChangeReporter::Report(const cvm::Change& change) {
  const cvm::Snapshot& cvm = change.cvm;
  if (cvm.computation_id.empty()) return;
  if (cvm.state == cvm::State::kFailed) {
    const Error cause(ErrorCode::kInternal, cvm.cause);
    outbox_.Push(Event(cvm.computation_id, event_type::kRunning, event_status::kStopped,
                       ErrorDetails(cause)),
                 Weight::kEvent);
    gateway_.Dismiss(cvm.id);
  }
  // A creation that was undone ends in kRemoved too; that the run failed has been said.
  if (cvm.state == cvm::State::kRemoved && change.previous == cvm::State::kStopping) {
    outbox_.Push(Event(cvm.computation_id, event_type::kStop, event_status::kCompleted),
                 Weight::kEvent);
    gateway_.Dismiss(cvm.id);
  }
}

}  // namespace cocos::cms
