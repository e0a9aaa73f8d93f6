// Appraises what an agent sent against what its own CVM must be.
#pragma once

#include <string>

#include "attestation/appraisal/appraise.h"
#include "base/result.h"
#include "collateral/cache.h"
#include "cvm/clock.h"
#include "cvm/manager.h"
#include "relay/admissions.h"
#include "relay/agent_sink.h"

namespace cocos::daemon {

// The reference values are those captured at the CVM's creation; the challenge is the certificate
// file that the CVM was given. Certificates and lists come from the evidence and from the cache,
// never from the network. Thread-safe.
class EvidenceAppraiser {
 public:
  // Root keys that evidence may lead back to.
  struct Anchors {
    attestation::snp::TrustAnchors snp;
    attestation::tdx::TrustAnchors tdx;
  };

  // All must outlive this.
  EvidenceAppraiser(const cvm::Manager& manager, const cvm::Clock& clock, Anchors anchors,
                    std::string collateral_dir)
      : manager_(manager),
        clock_(clock),
        anchors_(std::move(anchors)),
        cache_(std::move(collateral_dir)) {}

  // Whatever goes wrong is a verdict that does not pass, with the reason as its summary.
  relay::Appraisal operator()(const cvm::CvmId& id, const relay::Admission& admission,
                              const std::string& evidence) const;

 private:
  Result<attestation::appraisal::Expectation> ExpectationOf(
      const cvm::CvmId& id, const relay::Admission& admission) const;
  Result<attestation::appraisal::Endorsements> EndorsementsFor(
      const attestation::AgentEvidence& evidence) const;

  const cvm::Manager& manager_;
  const cvm::Clock& clock_;
  const Anchors anchors_;
  const collateral::CollateralCache cache_;
};

}  // namespace cocos::daemon
