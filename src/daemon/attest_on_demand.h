// The verdict about a CVM at the moment somebody asks for it.
#pragma once

#include "api/attest.h"
#include "cvm/manager.h"
#include "daemon/class_policies.h"
#include "daemon/evidence_appraiser.h"
#include "daemon/refusal_explainer.h"
#include "relay/evidence_call.h"

namespace cocos::daemon {

// Where this host reaches an agent that listens on `bind_address`, which may be all addresses.
std::string AgentAddress(const std::string& bind_address, std::uint16_t port);

// What to ask the agent of this CVM for, given what its evidence must satisfy: a TPM's quotes only
// where a policy wants them, for an agent without a TPM refuses to be asked.
relay::EvidenceType EvidenceTypeFor(const cvm::Snapshot& cvm,
                                    const std::vector<NamedPolicy>& demands);

// An api::Attest. Nonces are drawn anew for each call, so evidence cannot be one that was made
// before; that it comes from this CVM and no other follows from what the policies demand. Changes
// nothing of the CVM. Thread-safe.
class AttestOnDemand {
 public:
  // All must outlive this.
  AttestOnDemand(const cvm::Manager& manager, const ClassPolicies& policies,
                 const EvidenceAppraiser& appraiser, RefusalExplainer explainer)
      : manager_(manager), policies_(policies), appraiser_(appraiser), explainer_(explainer) {}

  Result<api::AttestOutcome> operator()(const cvm::CvmId& id,
                                        std::chrono::system_clock::time_point deadline) const;

 private:
  const cvm::Manager& manager_;
  const ClassPolicies& policies_;
  const EvidenceAppraiser& appraiser_;
  const RefusalExplainer explainer_;
};

}  // namespace cocos::daemon
