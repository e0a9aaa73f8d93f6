// The service the agent offers its users: algorithm, data, result.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "proto/cvms.pb.h"
#include "testagent/computation.h"
#include "testagent/evidence_source.h"

namespace cocos::testagent {

// Listens from Start until it is destroyed, which cancels calls under way.
class AgentServer {
 public:
  // Listens on `host` and the port of the manifest (7002 when it names none; 0 takes a free one).
  // `computation` and `evidence` (none: no TEE) are borrowed. Errors: those of ServerCredentials,
  // kInvalidArgument for a bad port, kUnavailable when the address cannot be bound or the
  // certificate is refused.
  static Result<std::unique_ptr<AgentServer>> Start(const std::string& host,
                                                    const cvms::AgentConfig& config,
                                                    Computation& computation,
                                                    EvidenceSource* evidence);
  virtual ~AgentServer() = default;
  virtual std::uint16_t port() const = 0;
};

}  // namespace cocos::testagent
