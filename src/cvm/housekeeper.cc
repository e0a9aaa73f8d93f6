#include "cvm/housekeeper.h"

#include <pthread.h>

#include <algorithm>
#include <future>
#include <random>
#include <string>
#include <utility>

namespace cocos::cvm {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFirstBackoff = 250ms;
constexpr std::chrono::milliseconds kMaxBackoff = 15s;
constexpr std::chrono::milliseconds kTrimInterval = 10s;

// Between half and all of it, so that managers that lost the same daemon do not come back together.
std::chrono::milliseconds Jittered(std::chrono::milliseconds backoff) {
  std::minstd_rand generator{std::random_device()()};
  std::uniform_int_distribution<std::chrono::milliseconds::rep> spread(backoff.count() / 2,
                                                                       backoff.count());
  return std::chrono::milliseconds(spread(generator));
}

std::string_view KindName(DomainEvent::Kind kind) {
  switch (kind) {
    case DomainEvent::Kind::kStarted:
      return "started";
    case DomainEvent::Kind::kStopped:
      return "stopped";
    case DomainEvent::Kind::kUndefined:
      return "undefined";
    case DomainEvent::Kind::kReboot:
      return "guest reboot";
    case DomainEvent::Kind::kWatchdog:
      return "watchdog";
    case DomainEvent::Kind::kIoError:
      return "I/O error";
    case DomainEvent::Kind::kMemoryFailure:
      return "memory failure";
    case DomainEvent::Kind::kAgentConnected:
      return "guest agent connected";
    case DomainEvent::Kind::kAgentDisconnected:
      return "guest agent disconnected";
    case DomainEvent::Kind::kPanicked:
      return "guest panic";
    case DomainEvent::Kind::kConnectionLost:
      return "connection lost";
  }
  return "event";
}

}  // namespace

Housekeeper::Housekeeper(Parts parts, std::chrono::milliseconds resync_interval)
    : parts_(parts), resync_interval_(resync_interval), backoff_(kFirstBackoff) {}

Housekeeper::~Housekeeper() { parts_.events.Stop(); }

void Housekeeper::Start() {
  std::promise<void> tried;
  const std::future<void> first_try = tried.get_future();
  thread_ = std::jthread([this, tried = std::move(tried)]() mutable {
    Reconnect();
    tried.set_value();
    Run();
  });
  // A daemon that accepts and then says nothing must not keep the manager from starting.
  constexpr std::chrono::seconds kFirstTry(10);
  first_try.wait_for(kFirstTry);
  ::pthread_setname_np(thread_.native_handle(), "cvm-housekeeper");
}

void Housekeeper::Run() {
  while (true) {
    const EventQueue::Batch batch = parts_.events.Wait(NextDeadline());
    if (batch.stopped) return;
    for (const DomainEvent& event : batch.events) Apply(event);
    const SteadyTime now = SteadyClock::now();
    if (!ready_ && now >= next_attempt_) Reconnect();
    if (ready_ && (batch.overflowed || now >= next_resync_) && !Reconcile()) {
      next_resync_ = SteadyClock::now() + kMaxBackoff;
    }
    if (ready_) RemoveDue();
    if (ready_) RecordNotes();
    if (now >= next_trim_) TrimConsoles();
  }
}

Housekeeper::SteadyTime Housekeeper::NextDeadline() const {
  const SteadyTime now = SteadyClock::now();
  SteadyTime deadline = std::min(next_trim_, ready_ ? next_resync_ : next_attempt_);
  if (!ready_) return deadline;
  if (const std::optional<TimePoint> due = parts_.registry.NextDue()) {
    const auto left = std::chrono::duration_cast<SteadyClock::duration>(*due - parts_.clock.Now());
    // TTLs are wall-clock times: look again at least every minute in case that clock was set.
    deadline = std::min(deadline, now + std::clamp<SteadyClock::duration>(left, 0s, 60s));
  }
  return deadline;
}

void Housekeeper::Apply(const DomainEvent& event) {
  switch (event.kind) {
    case DomainEvent::Kind::kConnectionLost:
      LoseConnection(event.detail);
      return;
    case DomainEvent::Kind::kStopped:
      ApplyStopped(event);
      return;
    case DomainEvent::Kind::kStarted:
    case DomainEvent::Kind::kUndefined:
      return;  // ours are known; a foreign undefine of ours is met by the next comparison
    default:
      LogNotice(event);
      return;
  }
}

void Housekeeper::ApplyStopped(const DomainEvent& event) {
  const Result<CvmId> id = CvmId::Parse(event.id);
  if (!id || !parts_.registry.Contains(*id)) return;  // a foreign domain
  const Ended ended{event.stop_reason, event.detail, event.received};
  if (!parts_.registry.NoteEnded(*id, ended, parts_.workspace.consoles().Tail(*id))) return;
  parts_.logger.Warn("A CVM ended by itself", {{"cvm", id->text()},
                                               {"state", StateName(State::kFailed)},
                                               {"cause", StopReasonName(event.stop_reason)}});
  parts_.reaper.CleanEnded(*id);
}

void Housekeeper::LogNotice(const DomainEvent& event) {
  const Result<CvmId> id = CvmId::Parse(event.id);
  if (!id || !parts_.registry.Contains(*id)) return;
  parts_.logger.Warn(fmt::format("Event of a CVM: {}", KindName(event.kind)),
                     {{"cvm", id->text()}, {"detail", event.detail}});
}

void Housekeeper::LoseConnection(const std::string& detail) {
  // A late notice about a connection that has been replaced says nothing.
  if (!ready_ || parts_.hypervisor.IsConnected()) return;
  ready_ = false;
  parts_.logger.Error("Lost the connection to libvirt; CVMs run on, their state is unknown",
                      {{"error", detail}});
  parts_.registry.MarkAllUnknown("libvirt cannot be asked: " + detail);
  backoff_ = kFirstBackoff;
  next_attempt_ = SteadyClock::now();
}

void Housekeeper::Reconnect() {
  const Result<void> connected = parts_.hypervisor.Connect();
  if (connected && Reconcile()) {
    ready_ = true;
    backoff_ = kFirstBackoff;
    parts_.logger.Info("Connected to libvirt and compared its domains");
    return;
  }
  if (!connected) {
    parts_.logger.Warn("libvirt cannot be reached, trying again",
                       {{"error", connected.error().message()}});
  }
  next_attempt_ = SteadyClock::now() + Jittered(backoff_);
  backoff_ = std::min(backoff_ * 2, kMaxBackoff);
}

bool Housekeeper::Reconcile() {
  const Result<void> compared = parts_.reconciler.Run();
  next_resync_ = SteadyClock::now() + resync_interval_;
  if (compared) return true;
  parts_.logger.Error("Comparing with libvirt failed", {{"error", compared.error().message()}});
  return false;
}

void Housekeeper::RemoveDue() {
  for (Registry::Due& due : parts_.registry.TakeDue(parts_.clock.Now())) {
    if (!due.clean_only) {
      parts_.reaper.Remove(std::move(due.id), std::move(due.cause));
    } else if (parts_.registry.ClaimForCleaning(due.id)) {
      parts_.reaper.CleanEnded(std::move(due.id));
    }
  }
}

void Housekeeper::RecordNotes() {
  for (CvmId& id : parts_.registry.TakeUnrecorded()) parts_.reaper.Record(std::move(id));
}

void Housekeeper::TrimConsoles() {
  next_trim_ = SteadyClock::now() + kTrimInterval;
  for (const Snapshot& cvm : parts_.registry.All()) {
    if (const Result<void> trimmed = parts_.workspace.consoles().Trim(cvm.id); !trimmed) {
      parts_.logger.Debug("Trimming a console log failed",
                          {{"cvm", cvm.id.text()}, {"error", trimmed.error().message()}});
    }
  }
}

}  // namespace cocos::cvm
