// The core: creates, watches and removes CVMs. What happens to one is in creator.h, remover.h and
// reconciler.h; this class joins them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/logger.h"
#include "base/result.h"
#include "base/trace_ids.h"
#include "cvm/agent_monitor.h"
#include "cvm/change_feed.h"
#include "cvm/class.h"
#include "cvm/clock.h"
#include "cvm/console_reader.h"
#include "cvm/cvm.h"
#include "cvm/event_queue.h"
#include "cvm/hypervisor.h"
#include "cvm/reference_capture.h"
#include "cvm/reservation.h"

namespace cocos::cvm {

// The steps of CreateVm, in order (design: "Life of a CVM").
enum class CreateStep { kValidate, kReserve, kStage, kCapture, kDefine, kStart };
std::string_view CreateStepName(CreateStep step);

struct ManagerOptions {
  std::string instance_id;  // domains of other instances are never touched
  std::string runtime_dir;  // "/run/cocos-manager": shares, on tmpfs
  std::string state_dir;    // "/var/lib/cocos-manager": NVRAM
  std::string console_dir;  // console logs
  // Group of the hypervisor's process (libvirt-qemu), which must read the shares; none: the
  // hypervisor runs as this process's own user.
  std::optional<gid_t> share_group;
  unsigned max_cvms = 10;  // 0: no limit
  std::uint16_t first_port = 6100;
  std::uint16_t last_port = 6200;
  std::vector<std::uint16_t> excluded_ports;  // the manager's own listeners
  CaptureOptions capture;                     // what else than the class evidence is compared with
  PortProbe is_port_free;                     // empty: the real one
  std::chrono::milliseconds stop_timeout{10'000};  // ACPI shutdown before power-off
  std::chrono::milliseconds resync_interval{300'000};
  std::size_t feed_capacity = 4096;
  std::uint64_t feed_base = 0;  // revisions start after it; see ChangeFeed
  TraceIds* traces = nullptr;   // told the trace ids of CVMs; must outlive the manager
  // Called after each step of a create that succeeded, with nothing locked. Crash tests end the
  // process here.
  std::function<void(CreateStep)> after_step;
};

// Returns true once the caller no longer wants the answer (deadline passed, cancelled).
using IsCancelled = std::function<bool()>;

struct Created {
  CvmId id;
  std::uint16_t agent_port = 0;
};

struct ListResult {
  std::vector<Snapshot> cvms;  // sorted by creation
  std::uint64_t revision = 0;  // of this list; watch from here
};

// Thread-safe. Open, Start, serve. Destroying it waits for its own work in flight and leaves CVMs
// running; callers must have returned.
class Manager {
 public:
  // `events` is where `hypervisor` posts its events. All references must outlive the manager.
  // Errors: kFailedPrecondition when one of its directories is a link or somebody else's.
  static Result<std::unique_ptr<Manager>> Open(Hypervisor& hypervisor, EventQueue& events,
                                               const Clock& clock, Logger& logger,
                                               std::vector<ComputationClass> classes,
                                               ManagerOptions options);
  ~Manager();

  // Connects, adopts what an earlier manager of this instance left, and starts the housekeeper. A
  // hypervisor that cannot be reached is not an error: the housekeeper keeps trying.
  void Start();

  // Ends all watching of changes(); first step of a shutdown.
  void Close();

  // Creates and starts a CVM; answers when it runs. Nothing is left after an error, except when the
  // hypervisor went away meanwhile: then the housekeeper finishes the cleaning.
  // Errors: kInvalidArgument (request), kResourceExhausted (limit, ports), kFailedPrecondition
  // (files, host), kUnavailable (hypervisor), kCancelled, kInternal.
  Result<Created> Create(const CreateRequest& request, const IsCancelled& is_cancelled = {});

  // Removes a CVM whatever its state; joins a removal already under way. kNotFound for an unknown
  // id.
  Result<void> Remove(const CvmId& id);

  // Shows why a CVM that runs is not as it should be, for as long as this process lives. kNotFound
  // for an unknown id.
  Result<void> SetRunningCause(const CvmId& id, std::string cause);

  Result<Snapshot> Get(const CvmId& id) const;
  ListResult List() const;
  const ChangeFeed& changes() const;
  // What is known of agents; the relay's side notes it, lists and changes show it.
  AgentMonitor& agents();
  // The console of a CVM from the oldest output kept. kNotFound for an unknown id.
  Result<ConsoleReader> ReadConsole(const CvmId& id) const;
  // The class of this name, or null; lives as long as the manager.
  const ComputationClass* FindClass(std::string_view name) const;

  // True when the hypervisor can be asked and the first comparison with it is done.
  bool IsReady() const;

 private:
  struct Impl;
  explicit Manager(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace cocos::cvm
