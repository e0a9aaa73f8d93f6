// Appraises what an agent sent against what its own CVM must be.
#pragma once

#include <string>

#include "attestation/appraisal/appraise.h"
#include "base/result.h"
#include "collateral/cache.h"
#include "cvm/clock.h"
#include "cvm/manager.h"
#include "daemon/class_policies.h"
#include "daemon/cvm_verdict.h"
#include "relay/admissions.h"
#include "relay/agent_sink.h"

namespace cocos::daemon {

// Evidence must satisfy what was captured at the CVM's creation and the policy of its class, each
// by itself (class_policies.h). Certificates and lists come from the evidence and from the cache,
// never from the network. Thread-safe.
class EvidenceAppraiser {
 public:
  // Root keys that evidence may lead back to.
  struct Anchors {
    attestation::snp::TrustAnchors snp;
    attestation::tdx::TrustAnchors tdx;
  };

  // All must outlive this.
  EvidenceAppraiser(const cvm::Manager& manager, const ClassPolicies& policies,
                    const cvm::Clock& clock, Anchors anchors, std::string collateral_dir)
      : manager_(manager),
        policies_(policies),
        clock_(clock),
        anchors_(std::move(anchors)),
        cache_(std::move(collateral_dir)) {}

  // Errors: kNotFound for an unknown CVM; those of ClassPolicies::DemandsOn; those of the cache for
  // collateral that is there and cannot be used. Evidence that does not decode is a verdict.
  Result<CvmVerdict> Judge(const cvm::CvmId& id, const attestation::appraisal::Challenge& challenge,
                           const std::string& evidence) const;

  // Evidence that an agent sent by itself: it answers to the certificate file that the CVM was
  // given. Whatever goes wrong is a verdict that does not pass, with the reason as its summary.
  relay::Appraisal operator()(const cvm::CvmId& id, const relay::Admission& admission,
                              const std::string& evidence) const;

 private:
  Result<attestation::appraisal::Endorsements> EndorsementsFor(
      const attestation::AgentEvidence& evidence) const;

  const cvm::Manager& manager_;
  const ClassPolicies& policies_;
  const cvm::Clock& clock_;
  const Anchors anchors_;
  const collateral::CollateralCache cache_;
};

}  // namespace cocos::daemon
