// The thread that keeps the manager's picture true: applies events, ends TTLs, reconnects,
// compares.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "base/logger.h"
#include "cvm/clock.h"
#include "cvm/event_queue.h"
#include "cvm/hypervisor.h"
#include "cvm/reaper.h"
#include "cvm/reconciler.h"
#include "cvm/registry.h"
#include "cvm/workspace.h"

namespace cocos::cvm {

class Housekeeper {
 public:
  struct Parts {
    Hypervisor& hypervisor;
    const Clock& clock;
    Logger& logger;
    Registry& registry;
    Reconciler& reconciler;
    Reaper& reaper;
    const Workspace& workspace;
    EventQueue& events;
  };

  Housekeeper(Parts parts, std::chrono::milliseconds resync_interval);
  ~Housekeeper();

  // Starts the thread and waits, for a bounded time, until it has tried to connect and reconcile
  // once, so that a manager that says it is up usually knows its CVMs. The thread keeps trying.
  void Start();

  // Connected, and reconciled since.
  bool IsReady() const { return ready_; }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void Run();
  SteadyTime NextDeadline() const;
  void Apply(const DomainEvent& event);
  void ApplyStopped(const DomainEvent& event);
  void LogNotice(const DomainEvent& event);
  void LoseConnection(const std::string& detail);
  void Reconnect();
  bool Reconcile();
  void RemoveDue();
  void RecordNotes();
  void TrimConsoles();

  Parts parts_;
  const std::chrono::milliseconds resync_interval_;
  SteadyTime next_attempt_;  // to connect, while not connected
  SteadyTime next_resync_;
  SteadyTime next_trim_;
  std::chrono::milliseconds backoff_;
  std::atomic<bool> ready_ = false;
  std::jthread thread_;
};

}  // namespace cocos::cvm
