// What the core needs of the hypervisor. src/hypervisor implements it on libvirt; tests have a
// fake.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cvm/cvm_id.h"
#include "domain/spec.h"

namespace cocos::cvm {

// A domain as the hypervisor reports it.
enum class DomainState {
  kRunning,  // also paused or being shut down: there is a process
  kShutOff,  // no process; ended regularly or never started
  kCrashed,  // no process; it failed (or the hypervisor found it dead)
};

// Why a domain stopped, as far as the hypervisor knows.
enum class StopReason {
  kUnknown,
  kGuestShutdown,  // the guest powered off or rebooted (a reboot ends a CVM)
  kDestroyed,      // powered off by a call: ours or an administrator's
  kCrashed,        // guest panic
  kFailed,         // the hypervisor process died or was killed
};
std::string_view StopReasonName(StopReason reason);

struct DomainEvent {
  enum class Kind {
    kStarted,
    kStopped,  // `stop_reason` says why
    kUndefined,
    kReboot,
    kWatchdog,
    kIoError,
    kMemoryFailure,
    kAgentConnected,
    kAgentDisconnected,
    kPanicked,        // guest panic seen; a kStopped may follow, depending on on_crash
    kConnectionLost,  // `id` is empty: the hypervisor cannot be asked any more
  };
  Kind kind = Kind::kStarted;
  std::string id;  // domain UUID in lower case; of any domain on the host, not only ours
  StopReason stop_reason = StopReason::kUnknown;
  std::string detail;                              // in the hypervisor's words, may be empty
  std::chrono::steady_clock::time_point received;  // when the callback ran
};

// Receives events on the hypervisor's event thread. Must return at once and call nothing back.
class DomainEventSink {
 public:
  virtual ~DomainEventSink() = default;
  virtual void Post(DomainEvent event) = 0;
};

struct DomainRecord {
  std::string id;  // UUID
  std::string name;
  DomainState state = DomainState::kShutOff;
  StopReason stop_reason = StopReason::kUnknown;  // for a domain that is not running
  // Metadata of our namespace as XML, for domain::ParseMetadataXml.
  std::string metadata_xml;
};

// What the host can run, as the hypervisor says.
struct HostCapabilities {
  bool sev_snp = false;
  bool tdx = false;
  std::optional<unsigned> sev_cbitpos;
  std::optional<unsigned> sev_reduced_phys_bits;
  std::string emulator;            // path the hypervisor uses for x86_64 guests
  std::string hypervisor_version;  // "libvirt 11.3.0, QEMU 10.0.2"
};

// All calls are thread-safe, may block while the hypervisor works, and return kUnavailable when it
// cannot be asked (daemon stopped, connection lost). None holds a lock while it blocks that another
// call on another domain needs.
class Hypervisor {
 public:
  virtual ~Hypervisor() = default;

  // Connects or reconnects and registers for events; afterwards events reach the sink. Returns once
  // every active domain can be acted upon. Does nothing when connected. Errors: kUnavailable.
  virtual Result<void> Connect() = 0;
  virtual bool IsConnected() const = 0;

  virtual Result<HostCapabilities> Capabilities() = 0;

  // Every domain on the host that carries metadata of our namespace, whatever its instance id.
  virtual Result<std::vector<DomainRecord>> ListDomains() = 0;
  // kNotFound if there is no such domain.
  virtual Result<DomainRecord> Find(const CvmId& id) = 0;
  virtual Result<std::string> DomainXml(const CvmId& id) = 0;

  // Defines a persistent domain from schema-valid XML. Errors: kInvalidArgument (XML refused),
  // kAlreadyExists, kFailedPrecondition (the host lacks something), kUnavailable.
  virtual Result<void> Define(const std::string& domain_xml) = 0;
  // Starts a defined domain; success means libvirt says it is running. Errors carry the decoded
  // cause: reason "port-in-use" (kUnavailable-free: kAlreadyExists) when the agent port was taken
  // meanwhile.
  virtual Result<void> Start(const CvmId& id) = 0;
  // Asks the guest to power off (ACPI); returns at once.
  virtual Result<void> RequestShutdown(const CvmId& id) = 0;
  // Powers the domain off: gracefully (SIGTERM to the process), by force if that fails. Succeeds if
  // it is not running.
  virtual Result<void> Destroy(const CvmId& id) = 0;
  // Removes the definition with NVRAM and TPM state. Succeeds if there is no such domain.
  virtual Result<void> Undefine(const CvmId& id) = 0;
  // Replaces our metadata element, in the live domain and in its definition.
  virtual Result<void> SetMetadata(const CvmId& id, const std::string& metadata_xml) = 0;
};

}  // namespace cocos::cvm
