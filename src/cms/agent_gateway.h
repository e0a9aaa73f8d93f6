// The way to the agents in CVMs, as the runs of a service need it. src/relay implements it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
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

  // Before the CVM of this class is created: keeps the computation until its agent may have it, and
  // mints the certificate by which the agent is known.
  virtual Result<AgentAccess> Admit(const cvm::CvmId& id, std::string_view class_name,
                                    const cvms::ComputationRunReq& manifest) = 0;

  // The CVM is gone, or was never made: forgets everything about it. Harmless for an unknown id.
  virtual void Dismiss(const cvm::CvmId& id) = 0;

  // Why the CVM never gets its computation, though it may still be there for inspection; none: it
  // may get it, or has it.
  virtual std::optional<std::string> RefusalOf(const cvm::CvmId& id) const = 0;

  // Of what an earlier process admitted, forgets all CVMs but these.
  virtual void RetainInherited(const std::set<cvm::CvmId>& ids) = 0;
};

}  // namespace cocos::cms
