#include "cvm/manager.h"

#include <utility>

#include "cvm/cleaner.h"
#include "cvm/creator.h"
#include "cvm/event_queue.h"
#include "cvm/housekeeper.h"
#include "cvm/metadata_keeper.h"
#include "cvm/reaper.h"
#include "cvm/reconciler.h"
#include "cvm/registry.h"
#include "cvm/remover.h"
#include "cvm/reservation.h"
#include "cvm/workspace.h"

namespace cocos::cvm {
namespace {

constexpr unsigned kReaperThreads = 4;

Limits LimitsOf(const ManagerOptions& options) {
  return {.max_cvms = options.max_cvms,
          .first_port = options.first_port,
          .last_port = options.last_port,
          .excluded_ports = options.excluded_ports};
}

std::map<std::string, ComputationClass, std::less<>> ByName(std::vector<ComputationClass> classes) {
  std::map<std::string, ComputationClass, std::less<>> by_name;
  for (ComputationClass& each : classes) {
    std::string name = each.name;
    by_name.emplace(std::move(name), std::move(each));
  }
  return by_name;
}

}  // namespace

// Destroyed bottom up: the housekeeper stops, then the reaper finishes what it has begun.
struct Manager::Impl {
  Impl(Hypervisor& hypervisor, EventQueue& events, const Clock& clock, Logger& logger,
       std::vector<ComputationClass> classes, ManagerOptions options, Workspace workspace)
      : classes_(ByName(std::move(classes))),
        feed_(options.feed_capacity, options.feed_base),
        events_(events),
        capture_(options.capture, logger),
        reservations_(LimitsOf(options), options.is_port_free),
        workspace_(std::move(workspace)),
        registry_(clock, feed_, options.traces),
        agents_(registry_, clock, [this] { events_.Wake(); }),
        metadata_(hypervisor, registry_, logger, options.instance_id),
        cleaner_(hypervisor, workspace_),
        creator_(
            {hypervisor, clock, logger, registry_, reservations_, workspace_, cleaner_, capture_},
            {options.instance_id, options.is_port_free, options.after_step}),
        remover_(hypervisor, registry_, metadata_, cleaner_, logger, options.stop_timeout),
        reaper_(remover_, metadata_, logger, kReaperThreads),
        reconciler_(hypervisor, registry_, reservations_, workspace_, reaper_, logger,
                    options.instance_id),
        housekeeper_(
            {hypervisor, clock, logger, registry_, reconciler_, reaper_, workspace_, events_},
            options.resync_interval) {}

  const std::map<std::string, ComputationClass, std::less<>> classes_;
  ChangeFeed feed_;
  EventQueue& events_;
  ReferenceCapture capture_;
  ReservationBook reservations_;
  const Workspace workspace_;
  Registry registry_;
  AgentMonitor agents_;
  const MetadataKeeper metadata_;
  const Cleaner cleaner_;
  Creator creator_;
  Remover remover_;
  Reaper reaper_;
  Reconciler reconciler_;
  Housekeeper housekeeper_;
};

Result<std::unique_ptr<Manager>> Manager::Open(Hypervisor& hypervisor, EventQueue& events,
                                               const Clock& clock, Logger& logger,
                                               std::vector<ComputationClass> classes,
                                               ManagerOptions options) {
  if (!options.is_port_free) options.is_port_free = IsTcpPortFree;
  Workspace workspace = COCOS_TRY(Workspace::Open({.instance_id = options.instance_id,
                                                   .runtime_dir = options.runtime_dir,
                                                   .state_dir = options.state_dir,
                                                   .console_dir = options.console_dir,
                                                   .share_group = options.share_group}));
  return std::unique_ptr<Manager>(
      new Manager(std::make_unique<Impl>(hypervisor, events, clock, logger, std::move(classes),
                                         std::move(options), std::move(workspace))));
}

Manager::Manager(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Manager::~Manager() { Close(); }

void Manager::Close() {
  impl_->feed_.Close();
  impl_->remover_.Close();
}

void Manager::Start() { impl_->housekeeper_.Start(); }

Result<Created> Manager::Create(const CreateRequest& request, const IsCancelled& is_cancelled) {
  std::string_view name = request.class_name;
  if (name.empty()) name = "default";
  const ComputationClass* computation_class = FindClass(name);
  if (computation_class == nullptr) {
    std::string known;
    for (const auto& [each, unused] : impl_->classes_) known += (known.empty() ? "" : ", ") + each;
    return Fail(ErrorCode::kInvalidArgument, "computation class {:?}: unknown, want one of: {}",
                name, known);
  }
  if (!computation_class->unavailable.empty()) {
    return tl::unexpected(
        Error(ErrorCode::kFailedPrecondition,
              fmt::format("computation class {:?}: {}", name, computation_class->unavailable))
            .WithReason("class-unavailable"));
  }
  if (!impl_->housekeeper_.IsReady()) {
    return tl::unexpected(Error(ErrorCode::kUnavailable, "libvirt cannot be reached")
                              .WithReason("libvirt-unavailable"));
  }
  Result<Created> created = impl_->creator_.Create(request, *computation_class, is_cancelled);
  impl_->events_.Wake();  // its TTL may be the next deadline
  return created;
}

Result<void> Manager::Remove(const CvmId& id) {
  return impl_->remover_.Remove(id, "removed on request");
}

Result<void> Manager::SetRunningCause(const CvmId& id, std::string cause) {
  if (impl_->registry_.SetRunningCause(id, std::move(cause))) return {};
  return Fail(ErrorCode::kNotFound, "entity not found");
}

Result<Snapshot> Manager::Get(const CvmId& id) const {
  std::optional<Snapshot> cvm = impl_->registry_.Find(id);
  if (!cvm) return Fail(ErrorCode::kNotFound, "entity not found");
  return *std::move(cvm);
}

ListResult Manager::List() const {
  auto [cvms, revision] = impl_->registry_.AllWithRevision();
  return {std::move(cvms), revision};
}

AgentMonitor& Manager::agents() { return impl_->agents_; }

Result<ConsoleReader> Manager::ReadConsole(const CvmId& id) const {
  if (!impl_->registry_.Contains(id)) return Fail(ErrorCode::kNotFound, "entity not found");
  return impl_->workspace_.consoles().Read(id);
}

const ChangeFeed& Manager::changes() const { return impl_->feed_; }

const ComputationClass* Manager::FindClass(std::string_view name) const {
  const auto found = impl_->classes_.find(name);
  return found == impl_->classes_.end() ? nullptr : &found->second;
}

bool Manager::IsReady() const { return impl_->housekeeper_.IsReady(); }

}  // namespace cocos::cvm
