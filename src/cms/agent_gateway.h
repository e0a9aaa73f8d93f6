// The way to the agents in CVMs, as the runs of a service need it. src/relay implements it.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cvm/cvm.h"
#include "cvm/cvm_id.h"
#include "proto/cvms.pb.h"

namespace cocos::cms {

// What the guest of one CVM needs to reach its manager; PEM texts.
struct AgentAccess {
  std::string server_url;  // host:port as seen from inside the guest
  std::string server_ca_pem;
  std::string client_cert_pem;
  std::string client_key_pem;
};

// Thread-safe.
class AgentGateway {
 public:
  virtual ~AgentGateway() = default;

  // Before the CVM is created: keeps the computation until its agent asks for it, and mints the
  // certificate by which the agent is known. `expires` is the CVM's deadline, if it has one.
  virtual Result<AgentAccess> Admit(const cvm::CvmId& id, const cvms::ComputationRunReq& manifest,
                                    const std::optional<cvm::TimePoint>& expires) = 0;

  // The CVM is gone, or was never made: forgets everything about it. Harmless for an unknown id.
  virtual void Dismiss(const cvm::CvmId& id) = 0;
};

}  // namespace cocos::cms
