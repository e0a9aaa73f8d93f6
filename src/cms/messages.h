// Messages that originate from the manager, with upstream's names (cocos-compat.md section 3.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proto/manager.pb.h"

namespace cocos::cms {

// event_type of the manager's own events: the name of the CVM's state, as upstream has it.
namespace event_type {
inline constexpr std::string_view kProvision = "VmProvision";
inline constexpr std::string_view kRunning = "VmRunning";
inline constexpr std::string_view kStop = "StopComputationRun";
inline constexpr std::string_view kAttestation = "Attestation";  // ours; upstream has none
}  // namespace event_type

namespace event_status {
inline constexpr std::string_view kStarting = "Starting";
inline constexpr std::string_view kInProgress = "InProgress";
inline constexpr std::string_view kCompleted = "Completed";
inline constexpr std::string_view kFailed = "Failed";
inline constexpr std::string_view kStopped = "Stopped";            // the CVM ended by itself
inline constexpr std::string_view kDisconnected = "Disconnected";  // its agent is gone
}  // namespace event_status

// Time is the present, originator "manager". `details` is JSON, or empty.
manager::ClientStreamMessage Event(std::string_view computation_id, std::string_view type,
                                   std::string_view status, std::string_view details = {});

// A log line of the manager about a computation.
manager::ClientStreamMessage ManagerLog(std::string_view computation_id, std::string_view level,
                                        std::string_view text);

// {"code":"resource-exhausted","error":"..."}: details of an event that something failed.
std::string ErrorDetails(const Error& error);

manager::ClientStreamMessage RunAnswer(std::string_view computation_id, std::uint16_t agent_port);
// Empty text: it was stopped.
manager::ClientStreamMessage StopAnswer(std::string_view computation_id, std::string_view error);

}  // namespace cocos::cms
