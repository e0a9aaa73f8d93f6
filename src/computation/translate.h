// Between the two protocols that a computation crosses: package `manager`, which a Computation
// Management Service speaks, and package `cvms`, which agents speak. Most bodies look alike and
// their numbers differ (cocos-compat.md sections 3 and 5). Fields that neither definition knows
// travel on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proto/cvms.pb.h"
#include "proto/manager.pb.h"

namespace cocos::computation {

// The manifest for an agent. Its port is `agent_port` whatever the service asked for: no other one
// is forwarded into the guest. Errors: kMalformed for unknown fields that are no fields of the
// other definition's type.
Result<cvms::ComputationRunReq> ToAgent(const manager::ComputationRunReq& request,
                                        std::uint16_t agent_port);

// What an agent reported, for the service. The id is that of the computation which the CVM runs,
// not what the agent says: no CVM speaks for another.
manager::ClientStreamMessage ToService(const cvms::AgentLog& log, std::string_view computation_id);
manager::ClientStreamMessage ToService(const cvms::AgentEvent& event,
                                       std::string_view computation_id);

}  // namespace cocos::computation
