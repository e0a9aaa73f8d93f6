#include "cli/verify_context.h"

#include <utility>

namespace cocos::cli {
namespace {

namespace policy = attestation::policy;
namespace snp = attestation::snp;
namespace tdx = attestation::tdx;

constexpr std::size_t kMaxRootBytes = 64UL * 1024;

Result<std::optional<crypto::Certificate>> ReadRoot(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const Bytes bytes = COCOS_TRY(ReadBytes(path, kMaxRootBytes));
  Result<crypto::Certificate> root = crypto::Certificate::FromDerOrPem(bytes);
  if (!root) return tl::unexpected(std::move(root).error().Within(path));
  return *std::move(root);
}

Result<std::optional<ReadPolicyFile>> ReadPolicyIfGiven(const VerifyOptions& options) {
  if (options.policy.path.empty()) return std::nullopt;
  PolicyFile file = options.policy;
  const std::optional<policy::Profile> profile = policy::ProfileNamed(options.policy_profile);
  if (!profile) {
    return Fail(ErrorCode::kInvalidArgument, "--policy-profile {:?}: want production or debug",
                options.policy_profile);
  }
  file.profile = *profile;
  return COCOS_TRY(ReadPolicy(file));
}

}  // namespace

Result<VerifyContext> ReadVerifyContext(const VerifyOptions& options) {
  VerifyContext context;
  context.now = COCOS_TRY(ParseNow(options.now));
  context.policy = COCOS_TRY(ReadPolicyIfGiven(options));
  context.unofficial_root = COCOS_TRY(ReadRoot(options.unofficial_root));
  return context;
}

Judgement StartJudgement(const VerifyContext& context, std::string subject, std::string vendor) {
  Judgement judgement;
  judgement.subject = std::move(subject);
  judgement.vendor = std::move(vendor);
  judgement.unofficial_root = context.unofficial_root.has_value();
  judgement.has_policy = context.policy.has_value();
  judgement.time = context.now;
  if (context.policy) judgement.notes = context.policy->notes;
  return judgement;
}

snp::TrustAnchors SnpAnchors(const VerifyContext& context) {
  if (!context.unofficial_root) return snp::AmdTrustAnchors();
  snp::TrustAnchors anchors;
  for (const snp::Product product :
       {snp::Product::kMilan, snp::Product::kGenoa, snp::Product::kTurin}) {
    anchors.AddUnofficialRoot(product, *context.unofficial_root);
  }
  return anchors;
}

tdx::TrustAnchors TdxAnchors(const VerifyContext& context) {
  if (!context.unofficial_root) return tdx::IntelTrustAnchors();
  tdx::TrustAnchors anchors;
  anchors.Add(*context.unofficial_root);
  return anchors;
}

}  // namespace cocos::cli
