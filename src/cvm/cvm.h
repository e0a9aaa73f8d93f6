// A CVM as others see it, and the request that makes one.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cvm/cvm_id.h"
#include "domain/spec.h"

namespace cocos::cvm {

using TimePoint = std::chrono::system_clock::time_point;

enum class State {
  kRequested,  // accepted, nothing touched yet
  kReserved,   // slot, port and the like are set aside
  kStaged,     // shares are written
  kDefined,    // libvirt knows the domain
  kStarting,   // libvirt was asked to start it
  kRunning,
  kStopping,  // removal in progress
  kRemoved,   // gone; last entry of a CVM's history
  kFailed,    // ended by itself (crash, guest power-off); kept as a note until removed or forgotten
  kUnknown,   // the hypervisor cannot be asked; never means gone
};
std::string_view StateName(State state);  // "running"

// What a caller may ask for when creating a CVM (upstream CreateReq plus the class).
struct CreateRequest {
  // For callers that must know the id before the CVM exists; none: a new one.
  std::optional<CvmId> id;
  // Of a computation that is known at the launch; else empty. The JSON is what agents hash
  // (computation::CanonicalJson).
  std::string computation_id;
  std::string computation_json;
  std::string trace_id;    // of the request, base/trace_ids.h; empty: a new one
  std::string class_name;  // empty: "default"
  std::string ttl;         // Go duration; empty: the class's default
  std::string agent_log_level;
  std::string agent_cvm_server_url;
  std::string agent_cvm_ca_url;
  std::string agent_certs_token;
  std::string server_ca_pem;
  std::string client_key_pem;
  std::string client_cert_pem;
  std::string aws_access_key_id;
  std::string aws_secret_access_key;
  std::string aws_endpoint_url;
  std::string aws_region;
  std::string aa_kbs_params;
};

// What an agent that talks to the relay last said of itself.
struct AgentStatus {
  bool connected = false;
  std::string state;   // type of its last event, as "ConsumingResults"; empty: none yet
  std::string status;  // of that event, as "InProgress": how far the computation is
  TimePoint time;      // when it was last heard of, or lost
};

// A consistent copy of everything known about one CVM.
struct Snapshot {
  CvmId id;
  State state = State::kRequested;
  std::string class_name;
  domain::Tee tee = domain::Tee::kNone;
  TimePoint created;
  TimePoint changed;  // last change of state
  std::optional<TimePoint> expires;
  std::string agent_bind_address;
  std::uint16_t agent_port = 0;
  std::optional<std::uint32_t> vsock_cid;
  std::string computation_id;
  std::string trace_id;
  std::string kernel_command_line;
  std::uint64_t memory_mib = 0;
  unsigned vcpus = 0;
  std::map<std::string, std::string> reference_values;
  std::optional<AgentStatus> agent;                    // none: never seen by the relay
  std::optional<domain::AttestationNote> attestation;  // none: nothing happened yet
  std::string cause;         // why it is in this state, for people; empty when all is well
  std::string console_tail;  // last lines of the console of a CVM that failed
};

enum class ChangeKind {
  kLifeCycle,    // of the state
  kAgent,        // of Snapshot::agent
  kAttestation,  // of Snapshot::attestation
};

// One entry of the change feed.
struct Change {
  std::uint64_t revision = 0;
  TimePoint time;
  ChangeKind kind = ChangeKind::kLifeCycle;
  State previous = State::kRequested;  // the same as now unless the kind is kLifeCycle
  std::string text;                    // what happened, one line; empty for kLifeCycle
  Snapshot cvm;
  // From the hypervisor's callback to this change, for changes that an event caused.
  std::optional<std::chrono::nanoseconds> event_latency;
};

}  // namespace cocos::cvm
