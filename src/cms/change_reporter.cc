#include "cms/change_reporter.h"

#include <pthread.h>

#include <set>
#include <utility>

#include "cms/messages.h"

namespace cocos::cms {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 100ms;  // how soon a stop, and that the manager is ready, is noticed

}  // namespace

ChangeReporter::ChangeReporter(const cvm::Manager& manager, AgentGateway& gateway, Outbox& outbox,
                               Handler handler, Logger& logger)
    : manager_(manager),
      gateway_(gateway),
      outbox_(outbox),
      handler_(std::move(handler)),
      logger_(logger),
      revision_(manager.changes().last_revision()),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {
  ::pthread_setname_np(thread_.native_handle(), "cms-changes");
}

// Once what the hypervisor has is known: until then every CVM may turn out to be there.
void ChangeReporter::NoteReadiness() {
  if (ready_ || !manager_.IsReady()) return;
  ready_ = true;
  std::set<cvm::CvmId> known;
  for (const cvm::Snapshot& each : manager_.List().cvms) known.insert(each.id);
  gateway_.RetainInherited(known);
  handler_.on_ready();
}

void ChangeReporter::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    NoteReadiness();
    const auto changes = manager_.changes().Next(revision_, kPatience);
    if (!changes && changes.error().code() == ErrorCode::kCancelled) return;
    if (!changes) {
      logger_.Warn("Changes of CVMs were missed, the service is told what runs");
      revision_ = manager_.changes().last_revision();
      handler_.on_missed();
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
  // What agents report reaches the service on its own way.
  if (change.kind != cvm::ChangeKind::kLifeCycle || cvm.computation_id.empty()) return;
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
