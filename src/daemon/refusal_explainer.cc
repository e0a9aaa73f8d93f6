#include "daemon/refusal_explainer.h"

#include <algorithm>

#include "crypto/digest.h"
#include "cvm/refusal_reason.h"

namespace cocos::daemon {

using attestation::launch::Digest384;

std::optional<Digest384> RefusedMeasurement(const attestation::Verdict& verdict) {
  for (const attestation::Claim& claim : verdict.failures()) {
    if (claim.name != "snp.measurement" && claim.name != "tdx.mr-td") continue;
    const auto bytes = crypto::HexDecode(claim.actual);
    Digest384 digest{};
    if (!bytes || bytes->size() != digest.size()) continue;
    std::ranges::copy(*bytes, digest.begin());
    return digest;
  }
  return std::nullopt;
}

std::string RefusalExplainer::operator()(const cvm::CvmId& id, const Digest384& observed) const {
  const Result<cvm::Snapshot> cvm = manager_.Get(id);
  if (!cvm) return "";
  const cvm::ComputationClass* computation_class = manager_.FindClass(cvm->class_name);
  if (computation_class == nullptr) return "";
  return cvm::ExplainRefusedLaunch(*cvm, *computation_class, observed, host_cpu_signature_);
}

}  // namespace cocos::daemon
