// What people want to know beyond a failed claim about a launch measurement.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "attestation/claims/claim.h"
#include "attestation/launch/digest384.h"
#include "cvm/manager.h"

namespace cocos::daemon {

// The launch measurement that evidence carried, where that is what a verdict refuses.
std::optional<attestation::launch::Digest384> RefusedMeasurement(
    const attestation::Verdict& verdict);

// Thread-safe. Reads boot files and searches for up to a second (cvm/refusal_reason.h).
class RefusalExplainer {
 public:
  // `manager` must outlive this.
  RefusalExplainer(const cvm::Manager& manager, std::uint32_t host_cpu_signature)
      : manager_(manager), host_cpu_signature_(host_cpu_signature) {}

  // Empty for a CVM that is gone, or whose class is.
  std::string operator()(const cvm::CvmId& id,
                         const attestation::launch::Digest384& observed) const;

 private:
  const cvm::Manager& manager_;
  const std::uint32_t host_cpu_signature_;
};

}  // namespace cocos::daemon
